"""CSV and JSON: every digit survives, absent stays absent, no text becomes a formula."""

import csv
import io
import json

import pytest

from benchmark.board import Leaderboard
from benchmark.render.tables import points_csv, scores_csv, summary_json, wide_csv


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_long_table_round_trips_every_digit(rich_board: Leaderboard):
    lines = {(r["embedder"], r["task"], r["variant"], r["metric"]): r for r in read(scores_csv(rich_board))}
    scored = 0
    for _, column, entry in rich_board.entries():
        for value in entry.metrics:
            line = lines[entry.embedder, column.task.name, column.variant, value.metric]
            assert float(line["value"]) == value.value
            assert float(line["low"]) == value.interval.low
            assert float(line["high"]) == value.interval.high
            assert float(line["oracle"]) == value.oracle
            assert line["primary"] == ("yes" if value == entry.primary else "no")
            scored += 1
    assert scored == 3 * 15
    line = lines["opensmile_compare", "emodb_serab", "", "accuracy"]
    assert (line["published"], line["rank"], line["clips"], line["scored_tasks"]) == ("0.905", "1.5", "84", "3")
    assert lines["opensmile_compare", "emodb_serab", "", "uar"]["published"] == ""


def test_entries_without_a_score_have_a_state_and_no_number(rich_board: Leaderboard):
    lines = {(r["embedder"], r["task"]): r for r in read(scores_csv(rich_board)) if r["state"] != "scored"}
    assert {key: line["state"] for key, line in lines.items()} == {
        ("byol_s_512", "emodb_serab"): "not run",
        ("<script>alert(1)</script>", "ravdess_serab"): "failed",
        ("<script>alert(1)</script>", "demo_speech"): "missing",
    }
    assert all(line["value"] == line["low"] == line["rank"] == line["oracle"] == "" for line in lines.values())
    assert lines["byol_s_512", "emodb_serab"]["reason"] == "weights missing"


def test_wide_table_has_a_line_a_row_and_blanks_for_other_variants(rich_board: Leaderboard):
    lines = {line["embedder"]: line for line in read(wide_csv(rich_board))}
    half_rate = lines["half_rate"]
    assert (half_rate["section"], half_rate["ravdess_serab"], half_rate["ravdess_serab@16k"]) == ("2", "", "0.6")
    assert float(half_rate["um"]) == pytest.approx((0.75 + 0.6 + 0.7) / 3)
    assert lines["byol_s_512"]["um"] == lines["byol_s_512"]["emodb_serab"] == ""
    assert lines["byol_s_512"]["ravdess_serab"] == "0.74333"


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", " =1+1", "\t=1+1", "\n-x"])
def test_text_is_never_a_formula(name, three_tasks, make_board):
    board = make_board({name: {"demo_speech": 0.5}}, {"demo_speech": three_tasks["demo_speech"]})
    for text in (scores_csv(board), wide_csv(board), points_csv(board)):
        (embedder,) = {line["embedder"] for line in read(text)}
        assert embedder == f"'{name.strip()}"


def test_negative_numbers_stay_numbers(three_tasks, make_board):
    board = make_board({"a": {"demo_speech": 0.01}}, {"demo_speech": three_tasks["demo_speech"]})
    assert float(read(points_csv(board))[0]["low"]) == pytest.approx(-0.02)


def test_quotes_commas_and_line_breaks_survive_as_one_field(three_tasks, make_board):
    board = make_board({'a,"b"\nc': {"demo_speech": 0.5}}, {"demo_speech": three_tasks["demo_speech"]})
    assert {line["embedder"] for line in read(scores_csv(board))} == {'a,"b" c'}


def test_summary_holds_numbers_for_dvc(rich_board: Leaderboard):
    summary = json.loads(summary_json(rich_board))
    complete, partial = summary["opensmile_compare"], summary["byol_s_512"]
    assert complete["coverage"] == "3 of 3"
    assert complete["UM"] == pytest.approx((0.881 + 0.70667 + 0.83) / 3)
    assert set(complete) == {"coverage", "UM", "WM", "GM", "mean_rank", "tasks"}
    assert partial == {"coverage": "2 of 3", "tasks": {"demo_speech": 0.79, "ravdess_serab": 0.74333}}


def test_points_hold_only_scores_sorted_by_task(rich_board: Leaderboard):
    lines = read(points_csv(rich_board))
    assert len(lines) == 15
    assert [(line["task"], line["embedder"]) for line in lines] == sorted(
        (line["task"], line["embedder"]) for line in lines
    )
