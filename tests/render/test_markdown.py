"""Markdown: a golden page for a small board, and names that stay inert."""

import re

import pytest

from benchmark.board import Leaderboard
from benchmark.cell import Interval, NotRun
from benchmark.leaderboard import build_leaderboard
from benchmark.render.markdown import escape, markdown
from tasks.base import Suite

GOLDEN = """\
# Tried out

Suite `tried`, version 1; protocol 1.

| embedder   |   UM |   WM |   GM |   mean rank |        emo (accuracy) |   demo (synthetic, accuracy) |   coverage |
|:-----------|-----:|-----:|-----:|------------:|----------------------:|-----------------------------:|-----------:|
| good       | 80.0 | 80.0 | 79.4 |        1.00 | **90.0** [84.0, 96.0] |        **70.0** [64.0, 76.0] |     2 of 2 |
| poor       | 50.0 | 50.0 | 49.0 |        2.00 |     40.0 [34.0, 46.0] |            60.0 [54.0, 66.0] |     2 of 2 |
| gone       |    – |    – |    – |           – |             *not run* |                    *missing* |     0 of 2 |

**Not our scores.** oracle: best head on test — how older papers report, not our score.

| embedder   |   emo: oracle (head) |   demo: oracle (head) |
|:-----------|---------------------:|----------------------:|
| good       |           91.0 (lda) |            71.0 (lda) |
| poor       |           41.0 (lda) |            61.0 (lda) |

## Without a score

- **gone** on demo: *missing*: no result yet. Run: moodbench run
- **gone** on emo: *not run*: weights missing. Fetch them.

## How to read this

"""


def test_golden_page(make_task, make_board):
    tasks = {"emo": make_task("emo"), "demo": make_task("demo", synthetic=True)}  # 50 clips each
    gone = NotRun(task="emo", state="unavailable", reason="weights missing", way_out="Fetch them.")
    board = make_board(
        {"gone": {"emo": gone}, "poor": {"emo": 0.4, "demo": 0.6}, "good": {"emo": 0.9, "demo": 0.7}}, tasks
    )
    text = markdown(board)
    assert text[: len(GOLDEN)] == GOLDEN
    notes = text[len(GOLDEN) :]
    assert "- Transductive: each group (speaker) is standardised by its own statistics" in notes
    assert "- In brackets the 95 % interval (jackknife over groups)" in notes
    assert "say nothing of real audio: demo." in notes


def test_a_synthetic_suite_says_so_in_its_heading(three_tasks, make_board):
    board = make_board({"a": {"demo_speech": 0.5}}, {"demo_speech": three_tasks["demo_speech"]})
    text = markdown(board)
    assert text.startswith("# Tried out (synthetic)\n")
    named = Suite(name="demo", title="Demo (synthetic)", version=1, tasks=("demo_speech",))
    again = make_board({"a": {"demo_speech": 0.5}}, {"demo_speech": three_tasks["demo_speech"]}, suite=named)
    assert markdown(again).startswith("# Demo (synthetic)\n")
    assert "| UM" not in text  # one task: its score says all
    assert "UM is" not in text


def test_no_interval_is_said_with_its_reason(three_tasks, make_cell, make_board):
    none = Interval(low=None, high=None, level=0.95, groups=2, method="jackknife", reason="not estimable with 2 groups")
    cell = make_cell("a", three_tasks["emodb_serab"], 0.5, intervals={"accuracy": none})
    suite = Suite(name="s", title="S", version=1, tasks=("emodb_serab",))
    text = markdown(build_leaderboard(suite, three_tasks, {("a", "emodb_serab"): cell}, {}, ["a"]))
    assert "50.0 [–]" in text
    assert "stands for no interval; not estimable with 2 groups." in text


def test_sections_of_variants_have_headings(rich_board: Leaderboard):
    text = markdown(rich_board)
    assert "## On the official sets" in text
    assert "## On variants of the official sets: ravdess_serab@16k" in text
    assert re.search(r"^\| yamnet +\| +60.7 \| +– \| +55.1 \|$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("byol_s_512", "byol_s_512"),
        ("_x_", r"\_x\_"),
        ("a|b\nc", r"a\|b c"),
        ("**b** `c` [d](e)", r"\*\*b\*\* \`c\` \[d\](e)"),
        ("<img src=x> & \\", "&lt;img src=x&gt; &amp; \\\\"),
        ("a\x1b[31m\u202eb", "a \\[31m b"),
    ],
)
def test_escape(text: str, expected: str):
    assert escape(text) == expected


def test_hostile_names_keep_the_table_whole(three_tasks, make_board):
    tasks = {"demo_speech": three_tasks["demo_speech"]}
    board = make_board({"a|b\n# c": {"demo_speech": 0.5}, "d": {"demo_speech": 0.4}}, tasks)
    table = [line for line in markdown(board).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table[:4]} == {4}
    assert "\n# c" not in markdown(board)


def test_a_shared_reason_stands_once(make_task, make_board):
    tasks = {"emo": make_task("emo"), "demo": make_task("demo")}
    gone = {name: NotRun(task=name, state="unavailable", reason="archive missing") for name in tasks}
    text = markdown(make_board({"one": gone, "other": gone, "good": {"emo": 0.9, "demo": 0.7}}, tasks))
    assert text.count("archive missing") == 1
    assert "- **one, other** on demo, emo: *not run*: archive missing." in text
