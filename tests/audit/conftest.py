"""Hand-made manifests, findings and tasks for the tests of the audit."""

from __future__ import annotations

import dataclasses

import pytest

from benchmark import registry
from benchmark.audit import record
from benchmark.audit.record import Findings, Near
from benchmark.manifest import Manifest
from tasks.base import Predefined

#        id   label   speaker part
CLIPS = (
    ("a1", "anger", "s1", "train"),
    ("a2", "joy", "s1", "train"),
    ("a3", "fear", "s1", "train"),
    ("b1", "anger", "s2", "validation"),
    ("b2", "joy", "s2", "validation"),
    ("b3", "fear", "s2", "validation"),
    ("c1", "anger", "s3", "test"),
    ("c2", "joy", "s3", "test"),
    ("c3", "fear", "s3", "test"),
)


@pytest.fixture
def nine():
    """Three speakers, a part each, and three labels."""
    return CLIPS


@pytest.fixture
def task():
    """`task(split=…)`: EmoDB's task, over the builder's own parts unless said otherwise."""

    def make(**changes):
        asked = {"split": Predefined(), "normalisation": "train", **changes}
        return dataclasses.replace(registry.task("emodb"), **asked)

    return make


@pytest.fixture
def listing():
    """`listing(task, clips)`: a manifest of (id, label, speaker, part) rows with the task's split."""

    def make(task, clips=CLIPS):
        rows = [
            {
                "id": name,
                "identity": name,
                "samples": 8000,
                "rate": 8000,
                "part": part,
                "features": {"label": label, "speaker_id": speaker},
                "splits": {},
            }
            for name, label, speaker, part in clips
        ]
        classes = {"label": ["anger", "fear", "joy"]}
        return Manifest("emodb", "1.0.0", "", "0" * 64, classes, {}, rows).with_splits([task])

    return make


@pytest.fixture
def findings():
    """`findings(listed, exact=…, near=…, faults=…)`: an audit of a manifest that found just this."""

    def make(listed, exact=(), near=(), faults=None):
        return Findings(
            dataset=listed.dataset,
            variant=listed.variant,
            fingerprint=record.wanted_fingerprint(listed),
            clips=len(listed.clips),
            seconds=float(len(listed.clips)),
            exact=[list(group) for group in exact],
            near=[Near(a=a, b=b, offset=0.25, likeness=0.987) for a, b in near],
            faults=faults or {},
        )

    return make
