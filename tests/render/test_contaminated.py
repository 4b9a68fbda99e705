"""A contaminated score is marked where it stands; ranks and means of the second table are of what is left."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchmark.board import Model
from benchmark.leaderboard import with_training
from benchmark.render.html import html
from benchmark.render.latex import latex
from benchmark.render.markdown import markdown
from benchmark.render.tables import wide_csv

SCORES = {
    "knows": {"emo": 0.9, "mood": 0.7},
    "better": {"emo": 0.8, "mood": 0.6},
    "worse": {"emo": 0.4, "mood": 0.5},
}
HOSTILE = "<b>AudioSet</b> | *"


@pytest.fixture
def board(make_task, make_board):
    tasks = {name: make_task(name) for name in ("emo", "mood")}
    clean = make_board({**SCORES, "knows": {"mood": 0.7}}, tasks).sections
    return with_training(make_board(SCORES, tasks), {("knows", "emo"): (HOSTILE,)}, clean)


def test_only_the_score_itself_is_marked(board):
    (section,) = board.sections
    marked = {
        (row.embedder, c.key)
        for row in section.rows
        for c, e in zip(section.columns, row.entries, strict=True)
        if e.contaminated
    }
    assert marked == {("knows", "emo")}
    assert [row.contaminated for row in section.rows] == [1, 0, 0]
    assert section.rows[0].suite_score.um == pytest.approx(0.8), "it counts in its own column"


def test_the_second_table_ranks_anew(board):
    (section,) = board.clean
    rows = {row.embedder: row for row in section.rows}
    assert [row.embedder for row in section.rows] == ["better", "worse", "knows"]
    assert rows["knows"].suite_score is None
    assert rows["better"].suite_score.mean_rank == 1.5  # first on emo, second to `knows` on mood
    assert rows["better"].entries[0].best


def test_a_board_without_such_a_score_has_no_second_table(board, make_task, make_board):
    tasks = {name: make_task(name) for name in ("emo", "mood")}
    clean = with_training(make_board(SCORES, tasks), {("elsewhere", "emo"): ("AudioSet",)}, board.clean)
    assert clean.clean == ()
    assert "†" not in markdown(clean) + html(clean)


def test_marks_and_hostile_names_in_the_texts(board):
    text = markdown(board)
    assert re.search(r"\| knows +\| +80\.0† \| .*\*\*90\.0\*\*† \[84\.0, 96\.0\]", text)
    assert "<b>" not in text
    page = html(board)
    assert "<b>AudioSet" not in page
    assert page.count("<table") == page.count("</table>")
    assert page.count("<details") == page.count("</details>")
    assert 'title="trained on &lt;b&gt;AudioSet' in page
    assert r"90.0}\textdagger{}" in latex(board)


def test_models_are_told_in_numbers_and_words(board):
    models = (
        Model(embedder="knows", parameters=1234567, dim=512, bytes_per_hour=2048.4, training_sets=(HOSTILE, "TESS")),
        Model(embedder="better", parameters=0, dim=88, bytes_per_hour=None, training_sets=()),
        Model(embedder="worse", parameters=None, dim=None, bytes_per_hour=None, training_sets=()),
    )
    board = replace(board, models=models)
    table = [
        re.split(r" +\| +", line.strip("| "))
        for line in markdown(board).split("## Models")[1].splitlines()
        if "|" in line
    ]
    assert table[2][:4] == ["knows", "1,234,567", "512", "2,048"]
    assert table[3] == ["better", "0", "88", "–", "nothing"]
    assert table[4] == ["worse", "–", "–", "–", "not declared"]
    header, knows = (line.split(",") for line in wide_csv(board).splitlines()[:2])
    facts = dict(zip(header, knows, strict=True))
    assert (facts["parameters"], facts["dim"], facts["bytes_per_hour"]) == ("1234567", "512", "2048.4")
