"""A scored task without audio: a manifest of seventy clips, and vectors that know the class a little."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchmark import registry, scoring
from benchmark.manifest import Manifest
from benchmark.params import Probe
from benchmark.scoring import Scored
from benchmark.store import Writer

CLASSES = ["anger", "fear", "joy"]
GROUPS, PER_GROUP, DIM = 5, 14, 6


def listing(variant=""):
    """Five speakers of fourteen clips, three classes, parts by speaker."""
    clips = [
        {
            "id": f"{g}/{k:02}.wav",
            "identity": f"{g}-{k}",
            "samples": 1000,
            "rate": 8000,
            "part": ("test", "validation", "train", "train", "train")[g],
            "features": {"label": CLASSES[(g + k) % 3], "speaker_id": f"s{g}"},
            "splits": {},
        }
        for g in range(GROUPS)
        for k in range(PER_GROUP)
    ]
    return Manifest("emodb", "1.0.0", variant, "0" * 64, {"label": CLASSES}, {}, clips)


def vectors_of(manifest, dim=DIM, noise=1.3):
    """Class mean, a shift and a scale for each speaker, and noise."""
    draw = np.random.default_rng(7)
    means, shifts = draw.standard_normal((3, dim)), 5 * draw.standard_normal((GROUPS, dim))
    y = np.array([CLASSES.index(label) for label in manifest.column("label")])
    g = np.array([int(name[1:]) for name in manifest.column("speaker_id")])
    clean = means[y] + noise * draw.standard_normal((len(y), dim))
    return ((1 + g[:, None]) * clean + shifts[g]).astype(np.float32)


def make(folder, task="emodb", *, heads=("lda", "svc"), mode="none", dim=DIM, variant="", engine="fast", **change):
    """(Scored, manifest, vectors) of one task; `change` replaces fields of the task."""
    asked = dataclasses.replace(registry.task(task), **change)
    manifest = listing(variant).with_splits([asked])
    vectors = vectors_of(manifest, dim)
    writer = Writer(folder, fingerprint="v", clips=len(vectors), dim=dim, batching="1")
    writer.put(range(len(vectors)), vectors)
    writer.finish({})
    probe = Probe(mode=mode, heads=list(heads))
    scored = Scored.of(asked, manifest, probe, embedder="row", vectors_fingerprint="v", engine=engine, folder=folder)
    return scored, manifest, vectors


def cell_of(scored, dim=DIM):
    """(Cell, Predictions), computed in this process."""
    done = {(unit.fold, unit.head): scoring.score_unit(unit) for unit in scoring.units(scored)}
    return scoring.assemble(scored, done, dim=dim)
