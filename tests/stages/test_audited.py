"""Prepare audits what it builds; a leak stops its task with the offenders, and tables say what was found."""

from __future__ import annotations

import dataclasses

import pytest

from benchmark import paths, registry
from benchmark.audit import record, scan
from benchmark.errors import BenchmarkError
from tasks.base import Predefined

TWIN = "wav/03a00Wb.wav"


@pytest.fixture
def twins(manual, small_members, pack):
    """The tiny corpus in which speaker 11 has a recording of speaker 03, under another label."""
    pack(manual / "download.zip", {**small_members, "wav/11a06Nb.wav": small_members[TWIN]})


def test_a_clean_corpus_passes_and_its_line_stands_below_the_table(bench):
    work = bench()
    boards, problems = work.all()
    assert problems == []
    (line,) = boards[0].sections[0].columns[0].remarks
    assert line == "audit of 70 clips: nothing crosses parts; 0 duplicates; 70 very short."
    assert line in (paths.LEADERBOARD / "one" / "leaderboard.md").read_text()


def test_a_recording_in_two_folds_stops_the_task(twins, bench):
    work = bench()
    work.prepare()
    (group,) = record.read("emodb").exact
    assert group == [TWIN, "wav/11a06Nb.wav"]
    work.embed()
    with pytest.raises(BenchmarkError, match="1 tasks failed"):
        work.evaluate()
    _, problems = work.report()
    (problem,) = problems
    assert "1 leak between its parts: exact duplicate: 'wav/03a00Wb.wav' in " in problem
    assert not paths.cell("row", "emodb", "0.115s-partial").exists()


def test_the_audit_is_made_once_and_again_when_the_clips_change(bench, manual, small_members, pack, monkeypatch):
    looked, real = [], scan.looks
    monkeypatch.setattr(scan, "looks", lambda *a, **k: looked.append(1) or real(*a, **k))
    work = bench()
    work.prepare()
    work.prepare()
    assert len(looked) == 1
    pack(manual / "download.zip", {name: raw for name, raw in small_members.items() if not name.endswith("Fb.wav")})
    work.prepare()
    assert len(looked) == 2
    assert record.read("emodb").clips == 65


def leaking(monkeypatch, leaks):
    """EmoDB's parts are disjoint by speaker, so every label stands in all of them: a group that leaks."""
    task = dataclasses.replace(
        registry.task("emodb"), split=Predefined(leaks=leaks), group="label", normalisation="train"
    )
    monkeypatch.setattr(registry, "tasks", lambda: {"emodb": task})


def test_a_group_in_two_parts_is_refused(bench, monkeypatch, capsys):
    leaking(monkeypatch, "")
    with pytest.raises(BenchmarkError):
        bench().prepare()
    assert "group 'anger' is in both" in capsys.readouterr().err


def test_a_task_that_says_that_it_leaks_is_scored_and_marked(bench, monkeypatch):
    leaking(monkeypatch, "made to leak in a test")
    work = bench()
    boards, problems = work.all()
    assert problems == []
    assert work.board()["row", "emodb"]["state"] == "scored"
    marked, line = boards[0].sections[0].columns[0].remarks
    assert marked == "LEAKS: made to leak in a test."
    assert line.startswith("audit of 70 clips: 7 leaks between parts; 0 duplicates; ")
    written = (paths.LEADERBOARD / "one" / "leaderboard.md").read_text()
    assert "- emodb@0.115s-partial: LEAKS: made to leak in a test.\n" in written
    assert f"- emodb@0.115s-partial: {line}\n" in written


def test_the_mark_needs_no_audit(bench, monkeypatch):
    leaking(monkeypatch, "made to leak in a test")
    work = bench()
    work.all()
    paths.audit("emodb").unlink()
    boards, _ = work.report()
    assert boards[0].sections[0].columns[0].remarks == ("LEAKS: made to leak in a test.", "not audited.")


def test_a_damaged_audit_is_made_anew(bench):
    work = bench()
    work.prepare()
    before = paths.audit("emodb").read_bytes()
    paths.audit("emodb").write_bytes(before.replace(b"very short", b"very brief"))
    work.prepare()
    assert paths.audit("emodb").read_bytes() == before
