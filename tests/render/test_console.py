"""The console: fits its width, no markup or escape code from names, reasons below."""

import io

import pytest
from rich.console import Console

from benchmark.board import Leaderboard
from benchmark.render.console import print_leaderboard


def printed(board: Leaderboard, width: int) -> str:
    file = io.StringIO()
    print_leaderboard(board, Console(file=file, width=width, color_system=None))
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_fits_and_shows_every_score(rich_board: Leaderboard, width: int):
    text = printed(rich_board, width)
    assert max(len(line) for line in text.splitlines()) <= width
    for score in ("88.1 [83.1, 93.1]", "70.7 [66.7, 74.7]", "83.0 [80.0, 86.0]", "60.0 [56.0, 64.0]"):
        assert score in text


def test_three_tasks_stand_in_one_table_of_100_columns(three_tasks, make_board):
    row = {"emodb_serab": 0.881, "ravdess_serab": 0.70667, "demo_speech": 0.83}
    lines = printed(make_board({"opensmile_compare": row, "chance": row}, three_tasks), 100).splitlines()
    (line,) = [line for line in lines if line.lstrip().startswith("opensmile_compare")]
    assert " ".join(line.split()) == (
        "opensmile_compare 80.6 88.1 [83.1, 93.1] 70.7 [66.7, 74.7] 83.0 [80.0, 86.0] 3 of 3"
    )


def test_reasons_stand_below(rich_board: Leaderboard):
    text = " ".join(printed(rich_board, 100).split())
    assert "byol_s_512 on emodb_serab: not run: weights missing. See byol.md | weights/." in text
    assert "2 of 3" in text


def test_tasks_with_one_reason_share_a_line(three_tasks, make_board):
    text = " ".join(printed(make_board({"none": {}}, three_tasks), 100).split())
    assert "none on demo_speech, emodb_serab, ravdess_serab: missing: no result yet." in text


def test_names_are_neither_markup_nor_escape_codes(three_tasks, make_board):
    board = make_board({"[bold red]x[/]\x1b[2J": {"demo_speech": 0.5}}, {"demo_speech": three_tasks["demo_speech"]})
    text = printed(board, 100)
    assert "[bold red]x[/] [2J" in text
    assert "\x1b" not in text
