"""The view: aggregates by hand, ties, incomplete rows, variants apart, published figures, refusals."""

import pytest

from benchmark.cell import NotRun
from benchmark.errors import CellError, UnknownNameError
from benchmark.leaderboard import build_leaderboard
from tasks.base import Suite


@pytest.fixture
def two(three_tasks):
    return {name: three_tasks[name] for name in ("emodb_serab", "ravdess_serab")}  # 84 and 300 clips


def row_of(board, embedder, section=0):
    return next(row for row in board.sections[section].rows if row.embedder == embedder)


def test_aggregates_by_hand(two, make_board):
    board = make_board(
        {"a": {"emodb_serab": 0.9, "ravdess_serab": 0.4}, "b": {"emodb_serab": 0.8, "ravdess_serab": 0.7}}, two
    )
    assert [row.embedder for row in board.sections[0].rows] == ["b", "a"]
    score = row_of(board, "a").suite_score
    assert score.um == pytest.approx(0.65)
    assert score.wm == pytest.approx((0.9 * 84 + 0.4 * 300) / 384)
    assert score.gm == pytest.approx(0.6)
    assert score.mean_rank == 1.5
    assert row_of(board, "b").suite_score.mean_rank == 1.5


def test_ties_share_ranks_and_order_by_name(two, make_board):
    same = {"emodb_serab": 0.5, "ravdess_serab": 0.5}
    board = make_board({"c": same, "a": same, "b": {"emodb_serab": 0.6, "ravdess_serab": 0.6}}, two)
    rows = board.sections[0].rows
    assert [row.embedder for row in rows] == ["b", "a", "c"]
    assert [row.suite_score.mean_rank for row in rows] == [1.0, 2.5, 2.5]
    assert [row.entries[0].best for row in rows] == [True, False, False]


def test_incomplete_rows_have_no_suite_score_and_stand_last(two, make_board):
    gone = NotRun(task="emodb_serab", state="unavailable", reason="no weights", way_out="Get them.")
    board = make_board(
        {
            "none": {},
            "half": {"ravdess_serab": 0.99, "emodb_serab": gone},
            "poor": {"emodb_serab": 0.1, "ravdess_serab": 0.1},
        },
        two,
    )
    rows = board.sections[0].rows
    assert [(row.embedder, row.coverage) for row in rows] == [
        ("poor", "2 of 2"),
        ("half", "1 of 2"),
        ("none", "0 of 2"),
    ]
    assert rows[1].suite_score is None
    assert rows[2].suite_score is None
    assert [(e.state, e.reason) for e in rows[1].entries] == [("not run", "no weights"), ("scored", "")]
    assert [e.state for e in rows[2].entries] == ["missing", "missing"]
    # Ranks only among those that have the task: emodb has one row, ravdess two.
    assert [e.rank for e in rows[0].entries] == [1.0, 2.0]
    assert rows[0].suite_score.mean_rank == 1.5


def test_variants_are_never_ranked_together(two, make_board):
    board = make_board(
        {
            "a": {"emodb_serab": 0.5, "ravdess_serab": 0.5},
            "b": {"emodb_serab": 0.6, "ravdess_serab": 0.9},
            "c": {"emodb_serab": 0.7, "ravdess_serab": 0.4},
            "empty": {},
            "d": {"emodb_serab": 0.2},
        },
        two,
        variants={("b", "ravdess_serab"): "16k"},
    )
    official, resampled = board.sections
    assert [column.key for column in official.columns] == ["emodb_serab", "ravdess_serab"]
    assert [column.key for column in resampled.columns] == ["emodb_serab", "ravdess_serab@16k"]
    assert [row.embedder for row in official.rows] == ["c", "a", "d", "empty"]
    assert [row.embedder for row in resampled.rows] == ["b"]
    assert resampled.rows[0].entries[1].rank == 1.0
    assert not resampled.rows[0].entries[1].best
    assert official.rows[0].entries[1].rank == 2.0


def test_a_partial_row_on_a_variant_joins_the_section_of_that_variant(two, make_board):
    full = {"emodb_serab": 0.5, "ravdess_serab": 0.5}
    board = make_board(
        {"a": full, "b": full, "z": {"ravdess_serab": 0.3}},
        two,
        variants={("b", "ravdess_serab"): "16k", ("z", "ravdess_serab"): "16k"},
    )
    assert [[row.embedder for row in section.rows] for section in board.sections] == [["b", "z"], ["a"]]


def test_a_failure_hides_the_older_cell_but_absence_does_not(two, make_cell):
    suite = Suite(name="s", title="S", version=1, tasks=("emodb_serab",))
    cells = {("a", "emodb_serab"): make_cell("a", two["emodb_serab"], 0.7)}
    for state, expected in [("failed", "failed"), ("unavailable", "scored")]:
        absent = {("a", "emodb_serab"): NotRun(task="emodb_serab", state=state, reason="r")}
        board = build_leaderboard(suite, two, cells, absent, ["a"])
        assert board.sections[0].rows[0].entries[0].state == expected


def test_single_task_um_is_the_score(two, make_board):
    section = make_board({"a": {"emodb_serab": 0.7}}, {"emodb_serab": two["emodb_serab"]}).sections[0]
    assert section.single
    assert section.rows[0].suite_score.um == 0.7


def test_published_figures_stand_beside_ours_or_elsewhere(rich_board):
    beside = [
        entry.published.value if entry.published else None for entry in row_of(rich_board, "opensmile_compare").entries
    ]
    assert beside == [0.905, 0.713, None]
    assert rich_board.published_tasks == ("emodb_serab", "ravdess_serab")
    (yamnet,) = rich_board.published_rows
    assert [figure.value if figure else None for figure in yamnet.figures] == [0.607, None]
    assert yamnet.um.value == 0.551


def test_primary_metric_comes_first_and_oracle_is_kept_apart(make_task, make_board):
    task = make_task("emodb_serab", metric="uar")
    entry = make_board({"a": {"emodb_serab": 0.7}}, {task.name: task}).sections[0].rows[0].entries[0]
    assert [value.metric for value in entry.metrics] == ["uar", "accuracy", "macro_f1"]
    assert entry.primary.value == pytest.approx(0.68)
    assert entry.primary.oracle == pytest.approx(0.69)
    assert entry.chosen == (("svc", 3), ("lda", 2))


def test_no_embedder_gives_an_empty_board(two, make_board):
    board = make_board({}, two)
    assert [(len(section.columns), section.rows) for section in board.sections] == [(2, ())]
    assert not board.synthetic


def test_cells_that_nobody_asked_for_are_not_looked_at(two, make_cell):
    suite = Suite(name="s", title="S", version=1, tasks=("emodb_serab",))
    stranger = make_cell("other", two["ravdess_serab"], 0.7)
    board = build_leaderboard(suite, two, {("other", "emodb_serab"): stranger}, {}, ["a"])
    assert [row.embedder for row in board.sections[0].rows] == ["a"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedder": "b"}, "under a/emodb_serab says it is b/emodb_serab"),
        ({"metric": "uar"}, "metric is 'uar', expected 'accuracy'"),
        ({"dataset": "emovo"}, "dataset is 'emovo', expected 'emodb'"),
        ({"scores": {"uar": 0.4}}, "has no score for its metric 'accuracy'"),
    ],
)
def test_foreign_cells_are_refused(two, make_cell, changes, message):
    suite = Suite(name="s", title="S", version=1, tasks=("emodb_serab",))
    cell = make_cell("a", two["emodb_serab"], 0.7).model_copy(update=changes)
    with pytest.raises(CellError, match=message):
        build_leaderboard(suite, two, {("a", "emodb_serab"): cell}, {}, ["a"])


def test_cells_of_one_column_must_be_made_alike(two, make_cell):
    suite = Suite(name="s", title="S", version=1, tasks=("emodb_serab",))
    cells = {
        ("a", "emodb_serab"): make_cell("a", two["emodb_serab"], 0.7),
        ("b", "emodb_serab"): make_cell("b", two["emodb_serab"], 0.7, mode="none"),
    }
    with pytest.raises(CellError, match=r"emodb_serab: mode is 'none' in the cell of b, but 'grid' in that of a"):
        build_leaderboard(suite, two, cells, {}, ["a", "b"])


def test_unknown_task_is_named(two):
    suite = Suite(name="s", title="S", version=1, tasks=("emodb_serap",))
    with pytest.raises(UnknownNameError, match=r"unknown task 'emodb_serap'. Did you mean 'emodb_serab'"):
        build_leaderboard(suite, two, {}, {}, [])


def test_a_task_that_no_row_has_is_told_and_counts_in_no_mean(three_tasks, make_board, tmp_path):
    """A suite names more corpora than most machines hold; means are over those that someone has, and say so."""
    from benchmark.render.markdown import markdown
    from benchmark.render.tables import scores_csv

    gone = NotRun(task="demo_speech", state="unavailable", reason="archive missing", way_out="Get it.")
    table = {
        "a": {"emodb_serab": 0.9, "ravdess_serab": 0.4, "demo_speech": gone},
        "b": {"emodb_serab": 0.8, "ravdess_serab": 0.7, "demo_speech": gone},
    }
    board = make_board(table, three_tasks)
    (section,) = board.sections
    assert [column.key for column in section.columns] == ["emodb_serab", "ravdess_serab"]
    assert [(row.coverage, row.suite_score.um) for row in section.rows] == [
        ("2 of 3", pytest.approx(0.75)),
        ("2 of 3", pytest.approx(0.65)),
    ]
    text = markdown(board)
    assert "without any result here, in no mean and no rank: demo_speech" in text
    assert "archive missing" in text
    assert sum(line.startswith("tried,demo_speech") for line in scores_csv(board).splitlines()) == 2


def test_a_task_that_failed_for_one_row_keeps_its_column(three_tasks, make_board):
    broken = NotRun(task="demo_speech", state="failed", reason="answered NaN")
    board = make_board({"a": {"emodb_serab": 0.9, "ravdess_serab": 0.4, "demo_speech": broken}}, three_tasks)
    (section,) = board.sections
    assert len(section.columns) == 3
    assert board.lacking == ()
    assert section.rows[0].suite_score is None


def test_where_nothing_has_run_all_tasks_are_columns(three_tasks, make_board):
    board = make_board({"a": {}}, three_tasks)
    assert len(board.sections[0].columns) == 3
    assert board.lacking == ()
