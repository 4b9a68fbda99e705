"""A cell is redone when something that can change a figure changes, and only then."""

from __future__ import annotations

import dataclasses

import pytest

from benchmark import paths, provenance, scoring
from benchmark.errors import SplitError
from benchmark.params import Probe
from benchmark.scoring import cell_fingerprint
from tasks.base import Folds, LeaveOneGroupOut


@pytest.fixture
def fingerprint_with(tiny, tmp_path):
    scored, manifest, _ = tiny.make(tmp_path)

    def ask(vectors="v", *, label=None, group=None, fold=None, probe=None, classes=None, **change):
        task = dataclasses.replace(scored.task, **change)
        found = dataclasses.replace(manifest, clips=[dict(clip) for clip in manifest.clips])
        if classes:
            found = dataclasses.replace(found, classes={"label": classes})
        found = found.with_splits([task])
        clip = found.clips[3]
        clip["features"] = {
            **clip["features"],
            **({"label": label} if label else {}),
            **({"speaker_id": group} if group else {}),
        }
        clip["splits"] = {task.name: fold} if fold is not None else clip["splits"]
        return cell_fingerprint(task, found, probe or scored.probe, vectors)

    return ask


def test_a_cell_follows_everything_that_can_change_a_figure(fingerprint_with, tiny):
    base = fingerprint_with()
    assert fingerprint_with() == base
    others = [
        fingerprint_with("other vectors"),
        fingerprint_with(label="joy"),
        fingerprint_with(group="s4"),
        fingerprint_with(fold=4),
        fingerprint_with(classes=tiny.CLASSES[::-1]),
        fingerprint_with(metric="accuracy"),
        fingerprint_with(normalisation="train"),
        fingerprint_with(split=LeaveOneGroupOut()),
        fingerprint_with(name="emodb_other"),
        *(
            fingerprint_with(probe=Probe.model_validate({"mode": "none", "heads": ["lda", "svc"], **change}))
            for change in ({"mode": "grid"}, {"heads": ["lda"]}, {"seed": 1}, {"level": 0.9})
        ),
    ]
    assert len({base, *others}) == len(others) + 1


def test_a_cell_does_not_follow_words(fingerprint_with):
    same = {"title": "x", "citation": "x", "licence": "x", "language": "x", "access": "restricted", "synthetic": True}
    assert {fingerprint_with(**{field: value}) for field, value in same.items()} == {fingerprint_with()}


def test_a_cell_follows_code_and_scikit_learn(fingerprint_with, monkeypatch):
    base = fingerprint_with()
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "code_hash", lambda: "other code")
        assert fingerprint_with() != base
    monkeypatch.setattr(provenance, "versions", lambda packages=(): {"scikit-learn": "0"})
    assert fingerprint_with() != base


def test_the_code_of_a_figure_is_all_there():
    files = {file.relative_to(paths.ROOT).as_posix() for file in scoring.code_files()}
    assert all((paths.ROOT / name).is_file() for name in files)
    loaded = {"benchmark/metrics.py", "benchmark/statistics.py", "benchmark/probes/lda.py", "benchmark/probes/svc.py"}
    assert loaded <= files


def test_official_folds_of_an_absent_feature_are_an_error(tiny, tmp_path):
    with pytest.raises(
        SplitError,
        match=r"clips without the feature 'fold' of official folds or parts: 70 of 70; found label, speaker_id",
    ):
        tiny.make(tmp_path, split=Folds("fold"))
