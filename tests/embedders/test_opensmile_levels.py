"""Every feature set and level of openSMILE, in processes of their own, because other tests import TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from embedders import opensmile, opensmile_levels
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.entries import opensmile as rows
from embedders.opensmile_levels import FEATURE_SETS, LEVELS, OpenSmileLevel

ROWS = [
    *("opensmile_compare_lld", "opensmile_compare_lld_de", "opensmile_egemaps_lld"),
    *("opensmile_egemaps_v01a", "opensmile_egemaps_v01a_lld", "opensmile_egemaps_v01b", "opensmile_egemaps_v01b_lld"),
    *("opensmile_gemaps_v01a", "opensmile_gemaps_v01a_lld", "opensmile_gemaps_v01b", "opensmile_gemaps_v01b_lld"),
    *("opensmile_emobase", "opensmile_emobase_lld", "opensmile_emobase_lld_de"),
    *("opensmile_is09", "opensmile_is09_lld", "opensmile_is09_lld_de"),
    *("opensmile_is10", "opensmile_is10_lld", "opensmile_is10_lld_de"),
    *("opensmile_is11", "opensmile_is11_lld", "opensmile_is11_lld_de"),
    *("opensmile_is12", "opensmile_is12_lld", "opensmile_is12_lld_de"),
    *("opensmile_is13", "opensmile_is13_lld", "opensmile_is13_lld_de"),
]

# What the package itself answers, as tables of frames, beside our vectors. Its warnings about old versions are
# expected from it and not from ours.
PROGRAM = """
import json, sys, warnings
import numpy as np, opensmile
from embedders.opensmile_levels import OpenSmileLevel

warnings.simplefilter("ignore")
levels = {"functionals": "func", "lld": "lld", "lld_de": "lld_de"}  # as the package spells them
levels = {ours: opensmile.FeatureLevel(theirs) for ours, theirs in levels.items()}
time = np.arange(9600) / 16000
tone = (0.9 * np.sin(2 * np.pi * 180 * time) * np.linspace(0.2, 1.0, 9600)).astype(np.float32)
found = {}
for row, kwargs in json.loads(sys.argv[2]).items():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = OpenSmileLevel(**kwargs)
        shortest = round(ours.min_seconds * 16000)
        found[f"{row} ours"] = ours.embed([tone, tone[-shortest:], np.zeros(shortest, np.float32)])
    package = opensmile.Smile(opensmile.FeatureSet[kwargs["feature_set"]], levels[kwargs["level"]])
    found[f"{row} tone"] = package.process_signal(tone, 16000).to_numpy()
    found[f"{row} shortest"] = package.process_signal(tone[-shortest:], 16000).to_numpy()
    found[f"{row} shorter"] = package.process_signal(tone[: shortest - 160], 16000).to_numpy()
found["sets"] = np.array(sorted({each.name for each in opensmile.FeatureSet}))
np.savez(sys.argv[1], **found)
"""

BATTERY = """
import functools, json, sys
from benchmark.check import check_embedder
from embedders.opensmile_levels import OpenSmileLevel

for kwargs in json.loads(sys.argv[1]):
    check_embedder(functools.partial(OpenSmileLevel, **kwargs)).raise_on_failure()
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("opensmile") / "found.npz"
    wanted = json.dumps({row: dict(CATALOG[row].kwargs) for row in ROWS})
    subprocess.run([sys.executable, "-c", PROGRAM, str(path), wanted], check=True)
    with np.load(path) as arrays:
        return dict(arrays)


def test_every_set_and_level_is_a_row(found):
    assert set(rows.ENTRIES) == {*ROWS, "opensmile_compare", "opensmile_egemaps"}
    of_the_package = {{"GeMAPS": "GeMAPSv01a", "eGeMAPS": "eGeMAPSv01a"}.get(n, n) for n in found["sets"].tolist()}
    assert set(FEATURE_SETS) == of_the_package
    made = {(e.kwargs["feature_set"], e.kwargs.get("level", "functionals")) for e in rows.ENTRIES.values()}
    assert made == {
        (name, level) for name, s in FEATURE_SETS.items() for level in LEVELS if s.deltas or level != "lld_de"
    }


@pytest.mark.parametrize("row", ROWS)
def test_vectors_are_the_packages_own(found, row):
    ours = found[f"{row} ours"]
    assert ours.shape == (3, CATALOG[row].dim)
    assert np.isfinite(ours).all()
    for vector, signal in zip(ours, ("tone", "shortest"), strict=False):
        frames = found[f"{row} {signal}"].astype(np.float64)
        if CATALOG[row].kwargs["level"] == "functionals":
            np.testing.assert_array_equal(vector, found[f"{row} {signal}"][0])
            continue
        assert len(frames) > 1
        mean = frames.sum(axis=0) / len(frames)
        deviation = np.sqrt(((frames - mean) ** 2).sum(axis=0) / len(frames))
        np.testing.assert_allclose(vector, np.concatenate([mean, deviation]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("row", ROWS)
def test_min_seconds_is_needed(found, row):
    if CATALOG[row].kwargs["feature_set"] not in ("emobase", "IS09"):  # those would take 640 and 400 samples
        assert np.isnan(found[f"{row} shorter"]).all()
    least = round(OpenSmileLevel(**CATALOG[row].kwargs).min_seconds * 16000)
    with pytest.raises(EmbedderError, match=f"clip 0 has {least - 1} samples, expected at least {least}"):
        OpenSmileLevel(**CATALOG[row].kwargs).embed([np.zeros(least - 1, np.float32)])


def test_contract_of_each_level():
    # The whole battery costs seconds a row, so one set stands for all: their code is one, and the sizes, the
    # package's own numbers and the shortest clips are tried above for every row.
    rows_tried = ("opensmile_is09", "opensmile_is09_lld", "opensmile_is09_lld_de")
    wanted = json.dumps([dict(CATALOG[row].kwargs) for row in rows_tried])
    subprocess.run([sys.executable, "-c", BATTERY, wanted], check=True)


def test_what_there_is_not_is_refused(monkeypatch):
    with pytest.raises(EmbedderError, match="feature set 'emobose' is unknown, expected one of ComParE_2016"):
        OpenSmileLevel("emobose")
    with pytest.raises(EmbedderError, match="'lld_de' of eGeMAPSv02 is unknown, expected one of functionals, lld\\."):
        OpenSmileLevel("eGeMAPSv02", "lld_de")
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    opensmile._smile.cache_clear()
    opensmile_levels._smile_at.cache_clear()
    with pytest.raises(EmbedderError, match="this process has imported TensorFlow"):
        OpenSmileLevel("emobase", "lld").embed([np.zeros(960, np.float32)])
