"""`moodbench audit`: what it prints, and its exit code; when findings are made anew."""

from __future__ import annotations

import json

import pytest

from benchmark import datasets, manifest, paths
from benchmark.audit import record, run
from benchmark.errors import BenchmarkError, DatasetError, Unavailable
from benchmark.files import fingerprint
from tasks.base import Predefined

LEAKS = "parts are drawn clip by clip"


@pytest.fixture
def audited(project, task, listing, findings):
    """`audited(task, **found)` stores the manifest and findings of a task's dataset, and answers the task."""

    def store(asked, **found):
        listed = listing(asked)
        manifest.write(listed)
        record.write(findings(listed, **found))
        return asked

    return store


def said(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_clean_task_passes(audited, task, capsys):
    assert run.show([audited(task())], allow_leaks=False) == 0
    assert said(capsys) == ["emodb: audit of 9 clips: nothing crosses parts; 0 duplicates"]


@pytest.mark.parametrize("allow", [False, True])
def test_a_leak_fails_whatever_is_allowed(audited, task, capsys, allow):
    assert run.show([audited(task(), exact=[("a1", "c2")])], allow_leaks=allow) == 1
    assert said(capsys) == [
        "emodb: FAILED, audit of 9 clips: 1 leak between parts; 1 duplicate, 1 of them under two labels",
        "  exact duplicate: 'a1' in train, 'c2' in test",
        "  one recording, two labels: 'a1' is anger, 'c2' is joy",
    ]


@pytest.mark.parametrize(("allow", "code", "failed"), [(False, 1, "FAILED, "), (True, 0, "")])
def test_a_marked_task_passes_only_where_leaks_are_allowed(audited, task, capsys, allow, code, failed):
    marked = audited(task(group="label", split=Predefined(leaks=LEAKS)))
    assert run.show([marked], allow_leaks=allow) == code
    head, mark, *offenders = said(capsys)
    assert head == f"emodb: {failed}audit of 9 clips: 3 leaks between parts; 0 duplicates"
    assert mark == f"  marked as leaking: {LEAKS}"
    assert len(offenders) == 3


def test_a_mark_does_no_harm_where_nothing_leaks(audited, task):
    assert run.show([audited(task(split=Predefined(leaks=LEAKS)))], allow_leaks=False) == 0


def test_a_task_whose_audio_is_absent_hides_no_other(audited, task, capsys, monkeypatch):
    absent = task(name="elsewhere", dataset="ravdess")
    monkeypatch.setattr(datasets, "base_manifest", lambda _: (_ for _ in ()).throw(Unavailable("no archive", "Get it")))
    with pytest.raises(BenchmarkError, match=r"^1 task could not be audited, for the reasons above\.$"):
        run.show([absent, audited(task(), exact=[("a1", "c1")])], allow_leaks=False)
    first, second, *_ = said(capsys)
    assert first == "elsewhere: not audited: no archive. Get it"
    assert second.startswith("emodb: FAILED")


def test_a_refusal_names_an_offender_and_where_the_rest_is(audited, task):
    leaking = audited(task(), exact=[("a1", "b1", "c1")])
    assert run.refusal(leaking, manifest.read("emodb")) == (
        "2 leaks between its parts: exact duplicate: 'a1' in train, 'b1' in validation, and 1 more; "
        "'moodbench audit emodb' lists all"
    )
    assert run.refusal(audited(task(), exact=[("a1", "a2")]), manifest.read("emodb")) == ""


def test_no_verdict_by_findings_on_other_clips(audited, task, listing):
    asked = audited(task(), exact=[("a1", "c1")])
    changed = listing(asked)
    changed.clips[0]["identity"] = "another recording"
    assert run.verdict(asked, listing(asked)) is not None
    assert run.verdict(asked, changed) is None


def test_findings_are_made_only_where_none_are_current(audited, task, listing, findings, monkeypatch):
    listed = listing(audited(task()))
    monkeypatch.setattr(datasets, "audio_of", lambda _: paths.RESULTS)
    made = findings(listed, faults={"silent": ["a1"]})
    monkeypatch.setattr(record, "examine", lambda *_, **__: made)
    assert run.ensure(listed).faults == {}  # the stored ones
    paths.audit("emodb").write_text("{")
    assert run.ensure(listed) == made
    assert record.read("emodb") == made


def test_findings_of_a_newer_moodbench_are_kept(audited, task, listing):
    listed = listing(audited(task()))
    file = paths.audit("emodb")
    newer = {**json.loads(file.read_text()), "schema_version": 2}
    del newer["content_sha256"]
    file.write_text(json.dumps({"content_sha256": fingerprint(newer), **newer}))
    with pytest.raises(BenchmarkError, match="newer moodbench") as told:
        run.ensure(listed)
    assert not isinstance(told.value, DatasetError)
    assert json.loads(file.read_text())["schema_version"] == 2
