"""Killed at any moment, a run goes on where it stopped and ends with the bytes of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.slow

KILLS = 20
KILLS_A_STAGE = 4
COMPARED = ("cells", "embeddings", "leaderboard", "manifests")
PYTHON = ("python", "-m", "benchmark")
ROW = "logmel_stats"


def processes_of(group: int) -> list[tuple[int, str]]:
    """Process ids and command lines of a process group, oldest first."""
    listed = subprocess.run(["ps", "-eo", "pgid=,pid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [(int(pid), args) for pgid, pid, args in rows if int(pgid) == group]


def kill(group: int, how: str) -> str:
    """Kill the whole group, only DVC, or only the stage that it runs; answers the stage that was hit."""
    found = processes_of(group)
    stages = [(pid, args) for pid, args in found if " -m benchmark " in args and "multiprocessing" not in args]
    stage = " ".join(stages[-1][1].split(" -m benchmark ")[1].split()[:2]) if stages else "dvc itself"
    if how == "group" or not stages:
        os.killpg(group, signal.SIGKILL)
    else:
        victims = stages if how == "child" else [row for row in found if "dvc repro" in row[1]][:1]
        for pid, _ in victims:
            os.kill(pid, signal.SIGKILL)
    return stage


def start_over(clone: Clone) -> None:
    """Remove all that a run makes."""
    for name in ("cells", "leaderboard", "manifests", "plans"):
        shutil.rmtree(clone.folder / "results" / name, ignore_errors=True)
    for folder in (clone.folder / "results" / "embeddings").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    shutil.rmtree(clone.folder / ".dvc" / "cache", ignore_errors=True)
    shutil.rmtree(clone.cache, ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)


def killed(running: subprocess.Popen[str], after: float, how: str) -> str | None:
    """Kill a run after some seconds and wait for all of it to be gone; the stage hit, None if it had ended before."""
    try:
        running.wait(timeout=after)
        return None
    except subprocess.TimeoutExpired:
        stage = kill(running.pid, how)
        running.wait(timeout=120)
        deadline = time.monotonic() + 120  # an orphaned stage ends its work first
        while processes_of(running.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not processes_of(running.pid), "helper processes outlived their stage"
        return stage


def mend_dvc(clone: Clone, said: str) -> list[str]:
    """What a person does about two files that DVC writes in place: killed meanwhile, it refuses to read them."""
    refused = r"'\./(dvc\.lock)' (?:validation failed|is invalid)|RWLock-file '(\.dvc/tmp/rwlock)'"
    broken = ["".join(names) for names in re.findall(refused, said)]
    for name in set(broken):
        (clone.folder / name).unlink()
    return sorted(set(broken))


def compare(clone: Clone, undisturbed: dict[str, bytes]) -> int:
    """Assert that all is as it was; how many temporary files of a single write were left, which git and DVC ignore."""
    after = clone.contents(*COMPARED)
    litter = [name for name in after if re.search(r"\.partial[a-z0-9_]{8}$", name)]
    for name in litter:
        del after[name]
        (clone.folder / name).unlink()
    assert sorted(after) == sorted(undisturbed)
    assert [name for name in after if after[name] != undisturbed[name]] == []
    return len(litter)


@pytest.mark.timeout(1200)
def test_killed_at_random_moments(clone: Clone) -> None:
    begun = time.monotonic()
    clone.repro()
    duration = time.monotonic() - begun
    undisturbed = clone.contents(*COMPARED)
    lock = entries(clone.folder / "dvc.lock")
    draw = random.Random(20)
    hits: list[str] = []
    mended: list[str] = []
    start_over(clone)
    while len(hits) < KILLS:
        running = clone.start("dvc", "repro")
        hit = killed(running, draw.uniform(1.0, min(0.4 * duration, 8.0)), draw.choice(("group", "dvc", "child")))
        said = running.communicate()[0]
        if hit is not None:
            hits.append(hit)
        elif running.returncode == 0:
            start_over(clone)
        else:
            broken = mend_dvc(clone, said)
            assert broken, said
            mended += broken
    mended += mend_dvc(clone, clone.run("dvc", "status", check=False).stdout)
    clone.repro()
    litter = compare(clone, undisturbed)
    assert entries(clone.folder / "dvc.lock") == lock
    print(f"\n{len(hits)} kills, no difference, {litter} temporary files, broken files of DVC: {mended}")
    print(f"hit: {sorted(set(hits))}")


# -- each stage by itself -------------------------------------------------------------------------

SLOW = '''
"""A model that takes its time and notes its batches when they are done."""

import os
import time

import numpy as np


class Slow:
    sample_rate = 16000
    dim = 2

    def embed(self, clips):
        time.sleep(0.05)
        vectors = np.array([[np.abs(c).mean(), c.std()] for c in clips], dtype=np.float32)
        with open(os.environ.get("NOTES", os.devnull), "a") as notes:
            notes.write(f"{len(clips)} clips\\n")
        return vectors
'''
NOTE_HEAD = """\
    time.sleep(0.1)
    with open(__import__("os").environ.get("NOTES", "/dev/null"), "a") as notes:
        notes.write(f"{unit}\\n")
    return Outcome("""


@pytest.fixture(scope="module")
def slow(clone: Clone) -> dict[str, bytes]:
    """A model and heads that take their time and note what they did, and the bytes of an undisturbed run of them."""
    (clone.path / "slow.py").write_text(SLOW)
    clone.replace("params.yaml", f"  {ROW}: {{}}\n", f'  {ROW}: {{}}\n  slow: {{factory: "slow:Slow"}}\n')
    clone.replace("benchmark/scoring.py", "    return Outcome(", NOTE_HEAD)
    clone.repro()
    return clone.contents(*COMPARED)


def noted(notes: Path) -> list[str]:
    return notes.read_text().splitlines() if notes.is_file() else []


def killed_often(
    clone: Clone,
    command: tuple[str, ...],
    forget: Callable[[], None],
    undisturbed: dict[str, bytes],
    notes: Path,
    *,
    pieces: int = 0,
    look: Callable[[], int] = lambda: 0,
) -> list[tuple[int, int, int]]:
    """Kill a stage at drawn moments of its duration, or of its pieces of work; each time it ends with the same bytes.

    Answers for each kill: pieces done in the killed run, pieces kept by it (`look`), pieces done in both runs.
    """
    draw = random.Random(command[0])
    forget()
    begun = time.monotonic()
    clone.run(*PYTHON, *command)
    duration = time.monotonic() - begun
    found: list[tuple[int, int, int]] = []
    moments = []
    while len(found) < KILLS_A_STAGE:
        forget()
        notes.unlink(missing_ok=True)
        moments.append(draw.uniform(0.3, 0.95))
        running = clone.start(*PYTHON, *command, NOTES=str(notes))
        while pieces and len(noted(notes)) < moments[-1] * pieces and running.poll() is None:
            time.sleep(0.005)
        after = draw.uniform(0.0, 0.1) if pieces else moments[-1] * duration
        hit = killed(running, after, ("group", "child")[len(found) % 2])
        said = running.communicate()[0]
        if hit is None:
            assert running.returncode == 0, said
            continue
        before, kept = len(noted(notes)), look()
        clone.run(*PYTHON, *command, NOTES=str(notes))
        compare(clone, undisturbed)
        found.append((before, kept, len(noted(notes))))
    shown = ", ".join(f"{moment:.2f}" for moment in moments)
    of = f"of {pieces} pieces" if pieces else "of it"
    print(f"\n{command[0]}: {duration:.1f} s undisturbed, {len(found)} kills at {shown} {of}, no difference")
    return found


def remove(clone: Clone, *names: str) -> None:
    for name in names:
        path = clone.folder / "results" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def test_prepare_killed_while_it_builds(clone: Clone, slow: dict[str, bytes], tmp_path: Path) -> None:
    def forget() -> None:
        remove(clone, "manifests", "plans")
        shutil.rmtree(clone.cache / "prepared", ignore_errors=True)

    plans = clone.contents("plans")
    killed_often(clone, ("prepare",), forget, slow, tmp_path / "notes")
    assert clone.contents("plans") == plans
    (index,) = (clone.cache / "prepared" / "emodb").rglob("index.json")
    assert len(json.loads(index.read_text())["clips"]) == 98


def test_embed_killed_repeats_one_batch_at_most(clone: Clone, slow: dict[str, bytes], tmp_path: Path) -> None:
    folder = clone.folder / "results/embeddings/slow/emodb"
    kept: list[int] = []

    def look() -> int:
        """Batches on the disk; clips of the partial store in `kept`, until it is finished."""
        done = folder / "done.partial.npy"
        kept.append(int(np.load(done).sum()) if (folder / "head.partial.json").is_file() else 0)
        all_done = (folder / "vectors.npy").is_file()  # finished, or all but
        return 25 if all_done else -(-kept[-1] // 4)

    found = killed_often(
        clone,
        ("embed", "slow", "--batch-seconds", "1.6"),  # 98 clips of 0.4 s: 25 batches of at most 4
        lambda: remove(clone, "embeddings/slow"),
        slow,
        tmp_path / "notes",
        pieces=25,
        look=look,
    )
    print(f"batches done before the kill, kept by it, done in both runs: {found}; of 25")
    assert all(both <= 25 + 1 for _, _, both in found)
    assert all(done - stored <= 1 for done, stored, _ in found)
    assert any(0 < stored < 25 for _, stored, _ in found), "no kill fell among the batches"
    if 0 < kept[-1] < 98:
        record = json.loads((clone.folder / "results/runs/slow.json").read_text())["embed"]["emodb"]
        assert record["clips_reused"] == kept[-1], "all that was kept is used"


def test_evaluate_killed_repeats_the_head_under_way(clone: Clone, slow: dict[str, bytes], tmp_path: Path) -> None:
    folder = clone.folder / f"results/cells/{ROW}"

    def look() -> int:
        units = len(list((folder / "tiny.partial").glob("*.json")))
        return 6 if list(folder.glob("tiny@*.json")) else units

    found = killed_often(
        clone,
        ("evaluate", ROW, "--workers", "1"),
        lambda: remove(clone, f"cells/{ROW}"),
        slow,
        tmp_path / "notes",
        pieces=6,
        look=look,
    )
    print(f"heads fitted before the kill, kept by it, fitted in both runs: {found}; of 6")
    assert all(both <= 6 + 1 for _, _, both in found)
    assert all(done - stored <= 1 for done, stored, _ in found)
    assert any(0 < stored < 6 for _, stored, _ in found), "no kill fell among the heads"


def test_report_killed(clone: Clone, slow: dict[str, bytes], tmp_path: Path) -> None:
    killed_often(clone, ("report",), lambda: remove(clone, "leaderboard"), slow, tmp_path / "notes")


def entries(lock: Path) -> Any:
    """The entries of dvc.lock, whose order is that in which the stages first ran."""
    return YAML(typ="safe").load(lock)


@pytest.mark.parametrize("name", [".dvc/tmp/rwlock", "dvc.lock"])
def test_an_emptied_file_of_dvc_on_page(clone: Clone, slow: dict[str, bytes], on_page: Any, name: str) -> None:
    entries_before = entries(clone.folder / "dvc.lock")
    (clone.folder / name).write_bytes(b"")
    told = clone.run(*PYTHON, "run")
    (line,) = (line for line in told.stdout.splitlines() if line.startswith("run: "))
    on_page("The machine", f"DVC killed while it wrote `{name}`", line, told.returncode, goes_on=True)
    assert not re.search(r"\d+ (clips|heads)$", told.stdout, re.MULTILINE), "nothing is computed again"
    compare(clone, slow)
    assert entries(clone.folder / "dvc.lock") == entries_before


@pytest.mark.timeout(1200)
def test_everything_killed(clone: Clone, slow: dict[str, bytes]) -> None:
    """`moodbench run`, killed again and again on one way from nothing to the leaderboard."""
    draw = random.Random("run")
    start_over(clone)
    begun = time.monotonic()
    clone.run(*PYTHON, "run")
    duration = time.monotonic() - begun
    start_over(clone)
    hits: list[str] = []
    while len(hits) < KILLS_A_STAGE:
        running = clone.start(*PYTHON, "run")
        hit = killed(running, draw.uniform(0.1, 0.5) * duration, draw.choice(("group", "dvc", "child")))
        said = running.communicate()[0]
        if hit is not None:
            hits.append(hit)
        else:
            assert running.returncode == 0, said
            start_over(clone)
    clone.run(*PYTHON, "run")
    print(f"\nrun: {len(hits)} kills, no difference, {compare(clone, slow)} temporary files; hit: {hits}")
