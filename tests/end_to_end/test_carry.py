"""Results carried elsewhere: a DVC remote for those without the audio, and two branches that both add a row."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.slow

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@localhost")


def commit(clone: Clone, message: str) -> None:
    clone.run("git", "add", "-A")
    clone.run("git", *IDENTITY, "commit", "-qm", message)


def test_push_clone_pull_repro_without_the_audio(clone: Clone, tmp_path: Path) -> None:
    clone.repro()
    clone.run("dvc", "remote", "add", "--default", "elsewhere", str(tmp_path / "remote"))
    commit(clone, "results")
    clone.run("dvc", "push")
    (tmp_path / "nothing").mkdir()
    fresh = dataclasses.replace(
        clone, folder=tmp_path / "fresh", cache=tmp_path / "cache", data=tmp_path / "nothing"
    )  # neither archives nor anything prepared
    clone.run("git", "clone", "-q", str(clone.folder), str(fresh.folder))
    fresh.run("dvc", "pull")
    before = fresh.contents("cells", "embeddings", "leaderboard")
    ran = fresh.run("dvc", "repro", "--allow-missing").stdout
    assert "clips" not in ran  # nothing was embedded
    assert "heads" not in ran  # nothing was scored
    after = fresh.contents("cells", "embeddings", "leaderboard")
    status = [name for name in after if name.endswith("status.json")]
    assert {n: c for n, c in after.items() if n not in status} == {n: c for n, c in before.items() if n not in status}
    assert set(after) == set(clone.contents("cells", "embeddings", "leaderboard"))


def test_two_branches_that_each_add_a_row(clone: Clone) -> None:
    entry = "  logmel_stats: {}\n"
    for branch, name in (("left", "logmel_left"), ("right", "logmel_right")):
        clone.run("git", "checkout", "-q", "-b", branch, "main")
        clone.replace("params.yaml", entry, f"{entry}  {name}: {{like: logmel_stats}}\n")
        clone.repro()
        commit(clone, f"add {name}")
    merge = clone.run("git", *IDENTITY, "merge", "-q", "left", check=False)
    assert merge.returncode != 0  # params.yaml and dvc.lock: as docs/carry_results.md says
    unmerged = clone.run("git", "diff", "--name-only", "--diff-filter=U").stdout.split()
    made_again = [name for name in unmerged if name != "params.yaml"]
    assert all(n == "dvc.lock" or n.startswith(("results/leaderboard/", "results/manifests/")) for n in made_again)
    params = (clone.folder / "params.yaml").read_text()
    kept = [line for line in params.splitlines() if not line.startswith(("<<<<<<<", "=======", ">>>>>>>"))]
    (clone.folder / "params.yaml").write_text("\n".join(kept) + "\n")
    if made_again:
        clone.run("git", "checkout", "--ours", *made_again)
    cells = clone.contents("cells")
    ran = clone.run("dvc", "repro").stdout
    assert "heads" not in ran  # the cells of both branches stand
    assert clone.contents("cells") == cells
    page = (clone.folder / "results/leaderboard/tiny/leaderboard.md").read_text()
    assert "logmel\\_left" in page or "logmel_left" in page
    assert "logmel\\_right" in page or "logmel_right" in page
    commit(clone, "merged")
