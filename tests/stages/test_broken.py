"""Broken is told, and harms no other row."""

from __future__ import annotations

import dataclasses
from importlib import import_module

import pytest

from benchmark import manifest, paths, plan
from benchmark.errors import BenchmarkError, ContractError, DatasetError, UnknownNameError
from benchmark.stages import prepare


@pytest.mark.parametrize(
    ("factory", "error"),
    [
        ("Raises", r"embedding 'wav/.*IndexError: list index out of range"),
        ("NanOnLoud", r"found nan among the 4 numbers of clip \d+ \('wav/1[01]a"),
        ("NotAnEmbedder", "has no embed"),
    ],
)
def test_a_broken_embedder_fails_its_row_and_harms_no_other(bench, factory, error):
    work = bench(bad=factory, row="Loudness")
    work.prepare()
    with pytest.raises(ContractError, match=error):
        work.embed("bad")
    assert plan.read_status("bad").datasets["emodb"].readiness.state == "failed"
    with pytest.raises(BenchmarkError, match="evaluate bad: 1 tasks failed, for the reasons above"):
        work.evaluate("bad")
    work.embed("row")
    work.evaluate("row")
    _, problems = work.report()
    assert [problem.split(":")[0] for problem in problems] == ["bad on emodb"]
    states = {name: (row["state"], bool(row["value"])) for (name, _), row in work.board().items()}
    assert states == {"bad": ("failed", False), "row": ("scored", True)}


def test_a_factory_that_is_not_there_stops_prepare_before_it_writes(bench):
    work = bench(row="Loudness", gone={"factory": "no_such_module_at_all:Model"})
    with pytest.raises(BenchmarkError, match=r"module 'no_such_module_at_all' .* is not found"):
        work.prepare()
    assert work.written() == {}


def test_under_run_a_factory_that_is_not_there_fails_its_row_only(bench, monkeypatch):
    monkeypatch.setenv(prepare.KEEP_GOING, "1")
    work = bench(row="Loudness", gone={"factory": "no_such_module_at_all:Model"})
    work.prepare()
    for name in ("row", "gone"):
        work.embed(name)
    work.evaluate("row")
    with pytest.raises(BenchmarkError, match="evaluate gone: 1 tasks failed"):
        work.evaluate("gone")
    _, problems = work.report()
    assert len(problems) == 1
    assert problems[0].startswith("gone on emodb: module 'no_such_module_at_all' (of an embedder) is not found.")
    assert {name: row["state"] for (name, _), row in work.board().items()} == {"gone": "failed", "row": "scored"}


def test_a_class_that_is_not_there_fails_its_row(bench):
    work = bench(gone="NoSuchClass")
    work.prepare()
    with pytest.raises(BenchmarkError, match="module 'small_embedders' has no 'NoSuchClass'"):
        work.embed("gone")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"suites": ["onne"]}, r"unknown suite 'onne'\. Did you mean 'one'\?"),
        ({"embedders": {"chanse": {}}}, r"unknown embedder 'chanse'\. Did you mean 'chance'"),
    ],
)
def test_an_unknown_name_stops_prepare_before_it_writes(bench, change, message):
    work = bench()
    work.change(**change)
    with pytest.raises(UnknownNameError, match=message):
        work.prepare()
    assert work.written() == {}


def test_an_archive_of_another_corpus_fails_its_tasks_only(bench, manual, pack, capsys):
    pack(manual / "emovo.zip", {f"EMOVO/x/song{n}.wav": b"x" for n in range(4)})
    work = bench()
    work.change(suites=["speech_emotion"])
    with pytest.raises(BenchmarkError, match="prepare: 1 of the above must be mended"):
        work.prepare()
    assert "emovo.zip is not emovo" in " ".join(capsys.readouterr().err.split())
    work.embed()
    with pytest.raises(BenchmarkError, match="evaluate row: 1 tasks failed"):
        work.evaluate()
    work.report()
    states = {task: row["state"] for (_, task), row in work.board("speech_emotion").items()}
    assert (states.pop("emodb"), states.pop("emovo")) == ("scored", "failed")
    assert set(states.values()) == {"not run"}


def test_an_edited_manifest_is_made_anew_where_the_audio_is_here(bench, capsys):
    work = bench()
    work.all()
    before = work.written(paths.MANIFESTS)["results/manifests/emodb.json"][2]
    file = paths.manifest("emodb")
    file.write_text(file.read_text().replace('"label":"anger"', '"label":"fear"', 1))
    work.prepare()
    assert "was edited" in " ".join(capsys.readouterr().err.split())
    assert file.read_bytes() == before


def test_an_edited_manifest_without_audio_is_an_error(bench, manual):
    work = bench()
    work.all()
    file = paths.manifest("emodb")
    edited = file.read_text().replace('"label":"anger"', '"label":"fear"', 1)
    file.write_text(edited)
    (manual / "download.zip").unlink()
    work.prepare()
    assert file.read_text() == edited, "somebody else's file is not overwritten by nothing"
    _, problems = work.report()
    assert len(problems) == 1
    assert "emodb.json was edited" in problems[0]


def test_stages_out_of_order_say_what_to_run(bench):
    work = bench()
    with pytest.raises(BenchmarkError, match="no plan for embedder 'row'; run 'moodbench prepare' first"):
        work.embed()
    with pytest.raises(BenchmarkError, match="'row' has not been through 'moodbench embed' yet"):
        work.evaluate()
    work.prepare()
    found = manifest.read("emodb")
    manifest.write(dataclasses.replace(found, clips=found.clips[1:]))
    with pytest.raises(DatasetError, match="the manifest of emodb is not the one planned for; run 'moodbench prepare'"):
        work.embed()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 1}'])
def test_a_damaged_plan_says_what_to_run(bench, text):
    work = bench()
    work.prepare()
    paths.plan("row").write_text(text)
    with pytest.raises(BenchmarkError, match=r"row\.json is not readable .*run 'moodbench prepare' again"):
        work.embed()
    work.prepare()
    work.embed()


def test_a_fresh_run_that_fails_is_no_success(bench, monkeypatch):
    """Though the vectors of before are still there, and current."""
    work = bench()
    work.all()
    before = paths.vectors("row", "emodb") / "vectors.npy"
    kept = before.read_bytes()
    monkeypatch.setattr(import_module("small_embedders").Loudness, "embed", lambda self, clips: 1 / 0)
    with pytest.raises(BenchmarkError, match="ZeroDivisionError"):
        work.embed(fresh=True)
    assert before.read_bytes() == kept
    assert plan.read_status("row").datasets["emodb"].readiness.state == "ready"
