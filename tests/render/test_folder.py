"""The folder: the same bytes every time, nothing else touched, all or nothing."""

from pathlib import Path

import pytest

from benchmark.board import Leaderboard
from benchmark.render import folder


def test_same_board_same_bytes_whatever_the_order_of_embedders(three_tasks, make_board, tmp_path: Path):
    table = {name: {"emodb_serab": score, "demo_speech": 0.5} for name, score in [("a", 0.3), ("b", 0.4), ("c", 0.4)]}
    reverse = dict(reversed(table.items()))
    paths = folder.render_all(make_board(table, three_tasks), tmp_path / "one")
    again = folder.render_all(make_board(reverse, three_tasks), tmp_path / "two")
    assert [path.name for path in paths] == sorted(folder.RENDERERS)
    for first, second in zip(paths, again, strict=True):
        content = first.read_bytes()
        assert content == second.read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")


def test_other_files_stay_and_no_partial_is_left(rich_board: Leaderboard, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "leaderboard.md").write_text("old")
    folder.render_all(rich_board, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*folder.RENDERERS, "mine.txt"])
    assert (tmp_path / "leaderboard.md").read_text().startswith("# SERAB, corrected")


def test_a_renderer_that_raises_leaves_the_old_set(rich_board: Leaderboard, tmp_path: Path, monkeypatch):
    (tmp_path / "leaderboard.md").write_text("old")

    def broken(board: Leaderboard) -> str:
        raise RuntimeError(f"cannot write {board.suite.name}")

    monkeypatch.setitem(folder.RENDERERS, "wide.csv", broken)
    with pytest.raises(RuntimeError, match="cannot write serab"):
        folder.render_all(rich_board, tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("leaderboard.md", "old")]
