"""`evaluate` from Python: the figures of the stages, what the stages refuse, and nothing written into results/."""

from __future__ import annotations

import dataclasses
import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmark import api, evaluate, paths, registry, scorable
from benchmark.audit import scan
from benchmark.errors import BenchmarkError, ContractError, ParamsError, SplitError, UnknownNameError
from tasks.base import Predefined

DOCS = paths.ROOT / "docs"
FAST = {"heads": ["lda", "svc"], "mode": "none", "workers": 1}
TWIN = "wav/03a00Wb.wav"


@pytest.fixture(autouse=True)
def here(monkeypatch, inline_workers):
    monkeypatch.setattr(api, "Workers", inline_workers)


@pytest.fixture
def small(fakes):
    return importlib.import_module("small_embedders")


def test_figures_are_those_of_the_stages(bench, small):
    work = bench(row="Loudness")
    work.all()
    before, cell = work.written(), work.cell()
    (row,) = evaluate(small.Loudness(), "one", **FAST).to_dict("records")
    interval = cell.intervals[cell.metric]
    assert {name: row[name] for name in cell.scores} == cell.scores
    assert (row["score"], row["low"], row["high"]) == (cell.scores[cell.metric], interval.low, interval.high)
    assert (row["task"], row["variant"], row["clips"], row["leaks"]) == ("emodb", cell.variant, 70, False)
    assert work.written() == before


def test_a_name_is_a_row_of_params(bench, project, small):
    bench()
    (project / "params.yaml").write_text(
        "suites: [one]\nembedders:\n  mine: {factory: 'small_embedders:Scaled', kwargs: {factor: 2.0}}\n"
    )
    named, made = (evaluate(each, ["one"], **FAST) for each in ("mine", small.Scaled(2.0)))
    assert named.equals(made)
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        evaluate("mime", "one", **FAST)


def test_a_row_is_made_once_and_what_it_raises_is_an_error_of_ours(bench, project, fakes):
    bench()
    (project / "params.yaml").write_text("suites: [one]\nembedders:\n  mine: {factory: 'hidden_faults:CannotFit'}\n")
    made = importlib.import_module("hidden_faults").CannotFit.made
    made.clear()
    with pytest.raises(ContractError, match=r"^mine on emodb: ValueError: no mean of emodb \(hidden_faults\.py:"):
        evaluate("mine", "one", **FAST)
    assert len(made) == 1


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (
            "HalfFitted",
            r"^HalfFitted: it has fit_statistics without statistics_record, expected both or n",
        ),
        ("WrongFlag", r"^WrongFlag: in_workers is 'yes', expected True or False\. Mend it on the class\.$"),
        ("NumpyRecord", r"^NumpyRecord: statistics_record answered \{'loudest': .*float\(…\) and the like\.$"),
        ("Quits", r"^my_embedder on emodb: sys\.exit\(3\) \(hidden_faults\.py:\d+ in embed\)$"),
    ],
)
def test_what_cannot_be_is_an_error_of_ours_before_all_is_embedded(bench, fakes, fake, message):
    bench()
    with pytest.raises(ContractError, match=message):
        evaluate(getattr(importlib.import_module("hidden_faults"), fake)(), "one", **FAST)


def test_amounts_of_numpy_are_amounts(bench, fakes):
    bench()
    model = importlib.import_module("hidden_faults").NumpyShortest()
    assert len(evaluate(model, "one", **FAST)) == 1


def test_a_task_that_leaks_is_refused_before_anything_is_embedded(bench, manual, small_members, pack, project):
    pack(manual / "download.zip", {**small_members, "wav/11a06Nb.wav": small_members[TWIN]})
    bench()

    class Never:
        sample_rate, dim = 8000, 1

        def embed(self, clips):
            raise AssertionError("it was asked")

    with pytest.raises(SplitError, match=f"task 'emodb': 1 leak between its parts: exact duplicate: '{TWIN}' in "):
        evaluate(Never(), "one", **FAST)
    assert list(project.iterdir()) == [], "the audit is not stored"


def test_a_task_that_says_that_it_leaks_is_scored_and_marked(bench, monkeypatch, small):
    task = registry.task("emodb")
    bench()
    for leaks in ("", "made to leak in a test"):
        leaking = dataclasses.replace(task, split=Predefined(leaks=leaks), group="label", normalisation="train")
        monkeypatch.setattr(registry, "tasks", lambda leaking=leaking: {"emodb": leaking})
        if leaks:
            assert list(evaluate(small.Loudness(), "one", **FAST)["leaks"]) == [True]
        else:
            with pytest.raises(SplitError, match="group"):
                evaluate(small.Loudness(), "one", **FAST)


def test_an_audit_is_made_once(bench, monkeypatch, small):
    looked, real = [], scan.looks
    monkeypatch.setattr(scan, "looks", lambda *a, **k: looked.append(1) or real(*a, **k))
    monkeypatch.setattr(scorable.audit, "_made", {})
    work = bench()
    for _ in range(2):
        evaluate(small.Loudness(), "one", **FAST)
    assert len(looked) == 1
    work.prepare()
    assert paths.audit("emodb").is_file()
    monkeypatch.setattr(scorable.audit, "_made", {})
    evaluate(small.Loudness(), "one", **FAST)
    assert len(looked) == 2, "the stored one serves"


def test_kinds_that_the_probe_does_not_score(small):
    with pytest.raises(
        BenchmarkError, match=r"does not score multilabel tasks yet \(magnatagatune, .*expected multicl"
    ):
        evaluate(small.Loudness(), ["smoke", "music_tags"])


def test_a_size_of_numpy_is_one(bench, small):
    bench()
    odd = type("Odd", (small.Loudness,), {"dim": np.int64(4)})()
    assert evaluate(odd, "one", **FAST)["score"].notna().all()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"suites": "smok"}, UnknownNameError, "unknown suite 'smok'. Did you mean 'smoke'"),
        ({"suites": []}, ParamsError, r"suites is \[\], expected a name, or several in a list"),
        ({"suites": None}, ParamsError, "suites is None, expected a name"),
        ({"heads": "ldx"}, ParamsError, r"heads\.0: found text 'ldx'; did you mean 'lda'\? expected 'lda'"),
        ({"heads": ("lda", "lda")}, ParamsError, "heads: found lda more than once"),
        ({"mode": "gird"}, ParamsError, "mode: found text 'gird'; did you mean 'grid'"),
        ({"name": "../../x"}, ParamsError, r"name is '\.\./\.\./x', expected small letters.*; write 'x'\."),
        ({"workers": -1}, ParamsError, "workers is -1, expected a whole number"),
        ({"batch_seconds": 0}, ParamsError, "batch_seconds is 0, expected a finite number of seconds above 0"),
        ({"embedder": None}, ContractError, "embedder is None, expected a name"),
        (
            {"embedder": type("Mine", (), {"dim": 1})},
            ContractError,
            "embedder is the class Mine.*Give an object of your",
        ),
    ],
)
def test_an_argument_that_cannot_be_is_refused_at_once(small, given, error, message):
    with pytest.raises(error, match=message):
        evaluate(**{"embedder": small.Loudness(), "suites": "smoke"} | given)


@pytest.mark.parametrize("by_name", [True, False], ids=["a script without the guard", "standard input"])
def test_a_script_that_helpers_cannot_import(tmp_path, by_name):
    script = "from benchmark import evaluate\nevaluate('chance', 'smoke')\n"
    (tmp_path / "score.py").write_text(script)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "score.py") if by_name else "-"],
        input="" if by_name else script,
        env={"PYTHONPATH": str(paths.ROOT), "MOODBENCH_CACHE": str(tmp_path)},
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("benchmark.errors.BenchmarkError: evaluate starts helper processes")
    assert 'under `if __name__ == "__main__":`' in done.stderr
    assert "A model must raise" not in done.stderr


def test_the_documented_script_shows_a_score(tmp_path):
    """Piped, a data frame is printed eighty columns wide, and what does not fit is left out."""
    page = (DOCS / "add_an_embedder.md").read_text(encoding="utf-8")
    for name in ("my_models.py", "score.py"):
        source = page.split(f'```python title="{name}"\n')[1].split("```")[0]
        (tmp_path / name).write_text(source.replace('suites=["demo"]', 'suites=["smoke"]'))
    done = subprocess.run(
        [sys.executable, "score.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(paths.ROOT), "MOODBENCH_CACHE": os.environ["MOODBENCH_CACHE"]},
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    head, row = (line.split() for line in done.stdout.splitlines())
    assert head == ["task", "score", "low", "high"]
    assert row[0] == "smoke_speech_emotion"
    low, score, high = float(row[2]), float(row[1]), float(row[3])
    assert 0 <= low < score < high <= 1
