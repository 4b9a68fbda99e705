"""Rows and tasks that go and come back, what `moodbench prune` removes, and two runs at once.

The tests of this file build on each other, in order, on one clone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.slow

MADE = ("cells", "embeddings", "leaderboard", "manifests", "plans")
BOARD = "results/leaderboard/tiny/leaderboard.md"
ROW = "logmel_stats"
ENTRY = f"  {ROW}: {{}}\n"
SECOND = 'Task(name="tiny_parts", split=Predefined(), **COMMON),'


@pytest.fixture(scope="module")
def whole(clone: Clone) -> dict[str, bytes]:
    """The bytes of a run with two rows on two tasks."""
    clone.replace("tasks/tiny.py", "TASKS = (", f"TASKS = ({SECOND}")
    clone.replace("tasks/tiny.py", "import GroupKFold,", "import GroupKFold, Predefined,")
    clone.replace("tasks/suites.py", 'tasks=("tiny",)', 'tasks=("tiny", "tiny_parts")')
    clone.repro()
    return clone.contents(*MADE)


def shown(clone: Clone) -> list[bool]:
    """Whether the table has each of the two rows."""
    page = (clone.folder / BOARD).read_text().replace("\\", "")
    return [re.search(rf"^\| {name} ", page, re.MULTILINE) is not None for name in ("chance", ROW)]


def computed(said: str) -> list[str]:
    """The lines of a run that tell of vectors or scores being computed."""
    return [line for line in said.splitlines() if re.search(r"\d+ (clips|heads)$", line)]


def of_row(contents: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in contents.items() if f"/{ROW}/" in name}


def test_a_row_that_goes_and_comes_back_is_not_computed_again(clone: Clone, whole: dict[str, bytes]) -> None:
    assert shown(clone) == [True, True]
    clone.replace("params.yaml", ENTRY, "")
    assert clone.repro() == ["prepare", "report"]
    assert shown(clone) == [True, False]
    without = clone.contents(*MADE)
    assert of_row(without) == of_row(whole), "its vectors and cells stay"
    assert f"results/plans/{ROW}.json" not in without
    clone.replace("params.yaml", "  chance: {}\n", f"  chance: {{}}\n{ENTRY}")
    said = clone.run("dvc", "repro").stdout
    assert computed(said) == []
    assert shown(clone) == [True, True]
    assert clone.contents(*MADE) == whole


def test_a_task_that_leaves_its_suite_and_comes_back_is_not_scored_again(clone: Clone, whole: dict[str, bytes]) -> None:
    clone.replace("tasks/suites.py", 'tasks=("tiny", "tiny_parts")', 'tasks=("tiny",)')
    assert computed(clone.run("dvc", "repro").stdout) == []
    without = clone.contents(*MADE)
    for name in ("cells", "embeddings"):
        kept = {n: c for n, c in whole.items() if n.startswith(f"results/{name}/")}
        assert {n: c for n, c in without.items() if n.startswith(f"results/{name}/")} == kept
    assert "tiny_parts" not in without["results/leaderboard/tiny/scores.csv"].decode()
    assert clone.run("python", "-m", "benchmark", "prune").stdout.strip() == "nothing to remove"
    clone.replace("tasks/suites.py", 'tasks=("tiny",)', 'tasks=("tiny", "tiny_parts")')
    assert computed(clone.run("dvc", "repro").stdout) == []
    assert clone.contents(*MADE) == whole


def prune(clone: Clone, *options: str, answer: str = "") -> tuple[list[str], str]:
    """What `prune` lists (paths below results/), and its last line, answered on its question."""
    script = f"printf '{answer}' | python -m benchmark prune {' '.join(options)}"
    said = clone.run("sh", "-c", script).stdout
    listed = re.findall(r"^ *\d+\.\d MB  (.+)$", said, re.MULTILINE)
    return sorted(str(Path(path).relative_to(clone.folder / "results")) for path in listed), said.splitlines()[-1]


def test_prune_lists_asks_and_removes_what_left_params(clone: Clone, whole: dict[str, bytes]) -> None:
    left = [f"cells/{ROW}", f"embeddings/{ROW}", f"runs/{ROW}.json"]
    clone.replace("params.yaml", ENTRY, "")
    clone.repro()
    before = clone.contents(*MADE, "runs")
    for answer in ("n\\n", "\\n"):
        listed, last = prune(clone, answer=answer)
        assert listed == left
        assert last.startswith("Remove these 3? [y/N]:")
        assert clone.contents(*MADE, "runs") == before, "no is no, and so is nothing"
    closed = clone.run("sh", "-c", "python -m benchmark prune < /dev/null", check=False)
    assert closed.returncode == 1
    assert "Traceback" not in closed.stdout
    assert clone.contents(*MADE, "runs") == before
    listed, last = prune(clone, answer="y\\n")
    assert listed == left
    assert last.endswith("removed 3")
    gone = (f"results/cells/{ROW}/", f"results/embeddings/{ROW}/", f"results/runs/{ROW}.json")
    assert clone.contents(*MADE, "runs") == {n: c for n, c in before.items() if not n.startswith(gone)}
    assert prune(clone) == ([], "nothing to remove")
    assert clone.repro() == ["prepare", "report"]  # the cells changed
    assert clone.contents("leaderboard") == {n: c for n, c in before.items() if "/leaderboard/" in n}


def test_what_was_pruned_is_computed_anew_with_equal_bytes(clone: Clone, whole: dict[str, bytes]) -> None:
    clone.replace("params.yaml", "  chance: {}\n", f"  chance: {{}}\n{ENTRY}")
    (clone.folder / ".dvc" / "cache").rename(clone.folder.parent / "dvc-cache")  # or DVC would put the vectors back
    said = clone.run("dvc", "repro").stdout
    assert [line.split(":")[0] for line in computed(said)] == [
        f"embed {ROW} on emodb",
        f"evaluate {ROW} on tiny",
        f"evaluate {ROW} on tiny_parts",
    ]
    assert clone.contents(*MADE) == whole


def test_prune_with_yes_does_not_ask(clone: Clone, whole: dict[str, bytes]) -> None:
    clone.replace("params.yaml", ENTRY, "")
    listed, last = prune(clone, "--yes")
    assert listed == [f"cells/{ROW}", f"embeddings/{ROW}", f"plans/{ROW}.json", f"runs/{ROW}.json"]
    assert last == "removed 4"
    clone.replace("params.yaml", "  chance: {}\n", f"  chance: {{}}\n{ENTRY}")
    clone.repro()
    assert clone.contents(*MADE) == whole


# -- two runs at once -----------------------------------------------------------------------------


@pytest.fixture
def undone(clone: Clone, whole: dict[str, bytes]) -> Iterator[Clone]:
    """Work for two: a row's vectors and cells are gone."""
    clone.replace("params.yaml", ENTRY, "")
    prune(clone, "--yes")
    clone.replace("params.yaml", "  chance: {}\n", f"  chance: {{}}\n{ENTRY}")
    for name in ("cache", "tmp"):
        path = clone.folder / ".dvc" / name
        path.rename(clone.folder.parent / f"{name}-{len(list(clone.folder.parent.iterdir()))}")
    yield clone
    clone.repro()
    assert clone.contents(*MADE) == whole


def both(clone: Clone, *command: str) -> list[tuple[int, str]]:
    """Start a command twice; exit codes and what was said, first the one that ended with 0."""
    running = [clone.start(*command) for _ in range(2)]
    said = [each.communicate(timeout=300)[0] or "" for each in running]
    ended = sorted(zip((each.returncode for each in running), said, strict=True), key=lambda pair: abs(pair[0]))
    assert not any("Traceback" in text for _, text in ended), ended
    return ended


def test_two_repros_at_once(undone: Clone) -> None:
    """DVC refuses the second, which says who holds the lock; or it comes late enough and finds nothing to do."""
    (first, _), (second, said) = both(undone, "dvc", "repro")
    assert first == 0
    assert second == 0 or "another DVC process" in said or "is busy, it is being blocked by" in said, said


def test_two_moodbench_runs_at_once(undone: Clone) -> None:
    """The second waits for the first, says for whom, and finds nothing to do."""
    ended = both(undone, "python", "-m", "benchmark", "run")
    assert [code for code, _ in ended] == [0, 0], ended
    said = "".join(text for _, text in ended)
    assert len(re.findall(r"^run: (?:process \d+|another process) is at it already; waiting", said, re.MULTILINE)) == 1
    assert len([line for line in computed(said) if line.startswith(f"embed {ROW}")]) == 1


def test_a_run_of_which_only_the_command_itself_was_killed(undone: Clone) -> None:
    """Its DVC goes on; the next run waits for that, and names it."""
    first = undone.start("python", "-m", "benchmark", "run")
    while not (repro := [each for each in psutil.Process(first.pid).children() if "repro" in each.cmdline()]):
        assert first.poll() is None
        time.sleep(0.05)
    first.kill()
    first.wait()
    done = undone.run("python", "-m", "benchmark", "run")
    assert f"run: process {repro[0].pid} (dvc repro) is at it already; waiting for it to end" in done.stdout
    first.communicate(timeout=60)


def test_two_stages_at_once(undone: Clone) -> None:
    """The second waits for the first, says for whom, and finds its work done."""
    undone.run("python", "-m", "benchmark", "prepare")
    ended = both(undone, "python", "-m", "benchmark", "embed", ROW)
    assert [code for code, _ in ended] == [0, 0]
    said = "".join(text for _, text in ended)
    assert len(computed(said)) == 1
    assert re.search(rf"embed {ROW}: (process \d+|another process) is at it already; waiting for it to end", said)
