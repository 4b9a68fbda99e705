"""Whole runs: what `dvc repro` does after each kind of change, and that a fresh clone ends where this one did.

The tests of this file build on each other, in order, on one clone.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

BOARD = "results/leaderboard/tiny"


def rows(clone: Clone) -> dict[str, dict[str, str]]:
    """The long table's rows of the task `tiny` and its primary metric, by embedder."""
    with (clone.folder / BOARD / "scores.csv").open(newline="") as file:
        return {r["embedder"]: r for r in csv.DictReader(file) if (r["task"], r["metric"]) == ("tiny", "accuracy")}


def test_first_run_does_everything(clone: Clone) -> None:
    ran = clone.repro()
    assert set(ran) == {
        "prepare",
        "embed@chance",
        "embed@logmel_stats",
        "evaluate@chance",
        "evaluate@logmel_stats",
        "report",
    }
    found = rows(clone)
    assert float(found["logmel_stats"]["value"]) > 0.9  # tones of seven pitches
    assert float(found["chance"]["value"]) < 0.5
    assert (clone.folder / BOARD / "index.html").read_text().count("logmel_stats") >= 1


def test_second_run_does_nothing_but_prepare(clone: Clone) -> None:
    before = clone.contents("cells", "leaderboard", "embeddings", "manifests", "plans")
    assert clone.repro() == ["prepare"]
    assert clone.contents("cells", "leaderboard", "embeddings", "manifests", "plans") == before


def test_a_new_embedder_runs_alone(clone: Clone) -> None:
    clone.replace("params.yaml", "  logmel_stats: {}\n", '  logmel_stats: {}\n  loud: {factory: "somebody:Loudness"}\n')
    assert clone.repro() == ["prepare", "embed@loud", "evaluate@loud", "report"]
    assert set(rows(clone)) == {"chance", "logmel_stats", "loud"}


def test_an_edited_model_runs_alone(clone: Clone) -> None:
    model = clone.path / "somebody.py"
    model.write_text(model.read_text().replace("len(c) / 16000", "len(c) / 8000"))
    assert clone.repro() == ["prepare", "embed@loud", "evaluate@loud", "report"]


def test_a_changed_grid_embeds_nothing(clone: Clone) -> None:
    clone.replace("params.yaml", "    - svc\n", "    - qda\n    - svc\n")
    assert set(clone.repro()) == {"prepare", "report", *(f"evaluate@{e}" for e in ("chance", "logmel_stats", "loud"))}


def test_a_new_task_embeds_nothing(clone: Clone) -> None:
    clone.replace("tasks/tiny.py", "TASKS = (", 'TASKS = (Task(name="tiny_parts", split=Predefined(), **COMMON),')
    clone.replace("tasks/tiny.py", "import GroupKFold,", "import GroupKFold, Predefined,")
    clone.replace("tasks/suites.py", 'tasks=("tiny",)', 'tasks=("tiny", "tiny_parts")')
    before = clone.contents("cells")
    assert set(clone.repro()) == {"prepare", "report", *(f"evaluate@{e}" for e in ("chance", "logmel_stats", "loud"))}
    after = clone.contents("cells")
    assert {name: after[name] for name in before} == before  # the old cells were not made again
    assert len(after) == 2 * len(before)


def test_scoring_again_gives_the_same_bytes(clone: Clone) -> None:
    before = clone.contents("cells", "embeddings")
    clone.run("python", "-m", "benchmark", "embed", "--fresh")
    clone.run("python", "-m", "benchmark", "evaluate", "--fresh", "--workers", "1")
    assert clone.contents("cells", "embeddings") == before


def test_an_edited_cell_is_refused_and_then_scored_again(clone: Clone) -> None:
    (file,) = (clone.folder / "results/cells/chance").glob("tiny@*.json")
    honest = file.read_bytes()
    cell = json.loads(honest)
    cell["scores"]["accuracy"] = 0.99
    file.write_text(json.dumps(cell))
    refused = clone.run("python", "-m", "benchmark", "report", check=False)
    assert refused.returncode == 1
    assert "do not follow from its predictions" in " ".join(refused.stdout.split())
    assert rows(clone).get("chance", {}).get("value", "") == ""
    assert "evaluate@chance" in clone.repro()
    assert file.read_bytes() == honest


def test_a_broken_model_fails_its_own_row_only(clone: Clone) -> None:
    model = clone.path / "somebody.py"
    working = model.read_text()
    model.write_text(working.replace("return np.array", "raise RuntimeError('out of luck')\n        return np.array"))
    clone.replace("params.yaml", "  chance: {}\n", "  chance: {}\n  logmel_again: {like: logmel_stats}\n")
    done = clone.run("python", "-m", "benchmark", "run", check=False)
    assert done.returncode == 1
    assert "out of luck" in done.stdout
    found = rows(clone)
    assert found["logmel_again"]["value"] == found["logmel_stats"]["value"] != ""
    assert found.get("loud", {}).get("value", "") == ""  # its old cell does not stand for it
    page = (clone.folder / BOARD / "leaderboard.md").read_text()
    assert "out of luck" in page
    model.write_text(working)
    assert clone.run("python", "-m", "benchmark", "run").returncode == 0
    assert rows(clone)["loud"]["value"]


def test_what_is_missing_is_not_run_and_breaks_nothing(clone: Clone) -> None:
    clone.replace("params.yaml", "  chance: {}\n", "  byol_s_512: {}\n  chance: {}\n")
    done = clone.run("python", "-m", "benchmark", "run")
    assert re.search(r"byol_s_512 .*weights missing", " ".join(done.stdout.split()))
    clone.replace("params.yaml", "  byol_s_512: {}\n", "")


def test_a_fresh_clone_ends_with_the_same_lock(clone: Clone, tmp_path: Path) -> None:
    clone.repro()
    clone.run("git", "add", "-A")
    clone.run("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "results")
    fresh = dataclasses.replace(clone, folder=tmp_path / "fresh", cache=tmp_path / "cache")
    clone.run("git", "clone", "-q", str(clone.folder), str(fresh.folder))
    ran = fresh.repro()
    assert "evaluate@chance" not in ran  # same vectors, so the committed cells stand
    assert fresh.run("git", "status", "--porcelain").stdout == ""
    assert fresh.contents("cells", "leaderboard", "manifests") == clone.contents("cells", "leaderboard", "manifests")


def test_metrics_and_plots_have_something_to_show(clone: Clone) -> None:
    metrics = json.loads(clone.run("dvc", "metrics", "show", "--json").stdout)
    assert "logmel_stats" in json.dumps(metrics)
    clone.run("dvc", "plots", "show", "-o", "plots")
    assert "logmel_stats" in (clone.folder / "plots" / "index.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("suites:\n", "suites: [\n", "cannot be parsed"),
        ("  chance: {}\n", "  chance: {}\n  chance: {}\n", "duplicate key"),
        ("  - tiny\n", "  - tinny\n", "Did you mean 'tiny'"),
        ("  chance: {}\n", "  chanse: {}\n", "Did you mean 'chance'"),
        ("  chance: {}\n", "  ../../x: {}\n", "expected small letters"),
        ("probe:\n", "prob:\n", "unknown key 'prob'"),
    ],
)
def test_bad_params_are_one_line_and_write_nothing(clone: Clone, old: str, new: str, said: str) -> None:
    before = clone.contents("cells", "leaderboard", "embeddings", "manifests", "plans")
    clone.replace("params.yaml", old, new)
    try:
        done = clone.run("python", "-m", "benchmark", "prepare", check=False)
    finally:
        clone.replace("params.yaml", new, old)
    assert done.returncode == 2
    assert len(done.stdout.strip().splitlines()) == 1
    assert said in done.stdout
    assert clone.contents("cells", "leaderboard", "embeddings", "manifests", "plans") == before
