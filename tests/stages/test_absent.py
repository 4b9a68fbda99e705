"""Absent is not broken: weights, archives and libraries that are not here."""

from __future__ import annotations

import hashlib
import shutil
from importlib import import_module

import pytest

from benchmark import cell_files, paths, plan, registry
from benchmark.errors import BenchmarkError
from benchmark.stages import prepare
from embedders.base import Entry, Weights
from embedders.catalog import CATALOG


def test_missing_weights_are_a_state_and_found_ones_run(bench, tmp_path):
    weights = tmp_path / "number.txt"
    work = bench(row="Loudness", heavy={"factory": "small_embedders:FromFile", "weights": str(weights)})
    _, problems = work.all()
    assert problems == []
    rows = work.board()
    absent = rows["heavy", "emodb"]
    assert absent["value"] == ""
    assert absent["state"] == "not run", absent
    assert "weights missing" in absent["reason"]
    assert not list(paths.CELLS.glob("heavy/emodb*"))
    weights.write_text("3.0")
    _, problems = work.all()
    assert problems == []
    assert not paths.not_run("heavy").exists()
    first = work.cell(name="heavy")
    weights.write_text("4.0")
    work.all()
    assert work.cell(name="heavy").vectors_fingerprint != first.vectors_fingerprint


def test_a_missing_archive_is_a_state(bench):
    work = bench()
    work.change(suites=["speech_emotion"])
    _, problems = work.all()
    assert problems == []
    absent = set(registry.suites()["speech_emotion"].tasks) - {"emodb"}
    assert {"ravdess", "emovo", "crema_d"} <= absent
    assert set(cell_files.read_not_run("row")) == absent
    assert cell_files.read_not_run("row")["ravdess"].reason.startswith("archive missing: ravdess needs Audio_Speech")
    rows = work.board("speech_emotion")
    states = {task: row["state"] for (_, task), row in rows.items()}
    assert states == {"emodb": "scored", **dict.fromkeys(absent, "not run")}
    assert work.cell().clips == 70


def test_a_model_of_the_hub_is_a_state_until_its_cache_holds_it(bench, fakes, monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    work = bench(row="Loudness", heavy={"like": "hubert_base_hf", "kwargs": {"width": 16}})
    _, problems = work.all()
    assert problems == []
    absent = work.board()["heavy", "emodb"]
    assert absent["state"] == "not run", absent
    assert "weights missing: facebook/hubert-base-ls960 (MOODBENCH_OFFLINE=1 forbids to fetch it" in absent["reason"]
    before = plan.read("heavy")
    revision = CATALOG["hubert_base_hf"].kwargs["revision"]
    place = tmp_path / "hub" / "models--facebook--hubert-base-ls960" / "snapshots" / revision
    place.mkdir(parents=True)
    import_module("tiny_transformers").wave(place, "hubert")
    _, problems = work.all()
    assert problems == []
    assert work.board()["heavy", "emodb"]["state"] == "scored"
    assert plan.read("heavy").identity == before.identity
    assert plan.read("heavy").readiness.state == "ready", "the plan has changed, so that DVC runs the row again"


@pytest.fixture
def declared(monkeypatch, tmp_path):
    """A row of the catalogue whose weights are known by their sha256."""
    content = b"2.5"
    weights = Weights(
        file="tiny_number.txt",
        sha256=hashlib.sha256(content).hexdigest(),
        url="",
        licence="MIT",
        redistributable=True,
        way_out="Write 2.5 into weights/tiny_number.txt.",
    )
    entry = Entry(
        title="Declared", factory="small_embedders:FromFile", dim=4, sample_rate=8000, parameters=1, citation="x",
        licence="MIT", weights=weights,
    )  # fmt: skip
    monkeypatch.setitem(CATALOG, "declared", entry)
    file = tmp_path / "data" / "weights" / "tiny_number.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


def test_a_committed_cell_stays_when_audio_weights_and_vectors_are_gone(bench, declared, manual, monkeypatch, tmp_path):
    """A fresh clone: manifests and cells from git, and nothing else."""
    work = bench(declared={})
    work.all()
    before, board = work.written(paths.CELLS, paths.MANIFESTS), work.board()
    for folder in (paths.PLANS, paths.EMBEDDINGS, paths.RUNS):
        shutil.rmtree(folder)
    (manual / "download.zip").unlink()
    declared.unlink()
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "new-machine"))
    _, problems = work.all()
    assert problems == []
    assert work.written(paths.CELLS, paths.MANIFESTS) == before
    assert work.board() == board
    assert plan.read("declared").readiness.state == "unavailable"
    assert "Write 2.5 into weights" in plan.read("declared").readiness.way_out


def test_other_weights_than_declared_are_an_error_that_breaks_one_row(bench, declared):
    declared.write_text("6.0")
    work = bench(declared={}, row="Loudness")
    with pytest.raises(BenchmarkError, match="prepare: 1 of the above must be mended; all else is prepared"):
        work.prepare()
    assert plan.read("declared").readiness.state == "failed"
    assert plan.read("row").readiness.state == "ready"
    work.embed("row")
    work.evaluate("row")
    work.embed("declared")
    with pytest.raises(BenchmarkError, match="evaluate declared: 1 tasks failed"):
        work.evaluate("declared")
    _, problems = work.report()
    assert len(problems) == 1
    assert "declared on emodb" in problems[0]
    assert "has sha256" in problems[0]
    assert work.cell().clips == 70


def test_going_on_past_a_broken_row_is_chosen_by_run(bench, declared, monkeypatch, capsys):
    declared.write_text("6.0")
    monkeypatch.setenv(prepare.KEEP_GOING, "1")
    bench(declared={}, row="Loudness").prepare()
    assert "embedder declared: " in capsys.readouterr().err


def test_a_missing_library_is_a_state(bench):
    work = bench(row={"factory": "small_embedders:Loudness", "libraries": ["no-such-dist"]})
    _, problems = work.all()
    assert problems == []
    assert "no-such-dist is not installed" in cell_files.read_not_run("row")["emodb"].reason
