"""Made-up cells and boards: every figure is a function of the score that a test gives."""

from collections.abc import Callable, Mapping

import pytest

from benchmark.board import Leaderboard
from benchmark.cell import Cell, FoldResult, HeadResult, Interval, NotRun, Oracle
from benchmark.leaderboard import build_leaderboard
from benchmark.published import PublishedFigure
from tasks.base import Predefined, Suite, Task

HOSTILE = "<script>alert(1)</script>"
WIDTH = {"emodb_serab": 0.05, "ravdess_serab": 0.04, "demo_speech": 0.03}
CLIPS = {"emodb_serab": 84, "ravdess_serab": 300, "demo_speech": 100}


def make_task(name: str, *, synthetic: bool = False, normalisation: str = "group", **changes: str) -> Task:
    return Task(
        name=name,
        title=changes.get("title", f"Emotion on {name}"),
        dataset=name.removesuffix("_serab"),
        domain="speech emotion",
        target="emotion",
        group="speaker_id",
        split=Predefined(),
        normalisation=normalisation,  # type: ignore[arg-type]
        citation=changes.get("citation", "Someone et al. (2005), A corpus & more"),
        licence="CC BY 4.0",
        access="open",
        language="de",
        metric=changes.get("metric", "accuracy"),  # type: ignore[arg-type]
        synthetic=synthetic,
    )


def make_cell(embedder: str, task: Task, score: float, *, variant: str = "", **changes: object) -> Cell:
    """A cell whose other figures follow from `score`; `changes` replaces whole fields."""
    width = WIDTH.get(task.name, 0.06)
    scores = {"accuracy": score, "uar": score - 0.02, "macro_f1": score - 0.03}
    intervals = {
        metric: Interval(low=value - width, high=value + width, level=0.95, groups=5, method="jackknife over groups")
        for metric, value in scores.items()
    }
    head = HeadResult(head="svc", status="ok", params={"C": 1.0}, validation=score, test=scores, fits=44)
    fold = FoldResult(fold=0, train=9, validation=3, test=3, test_groups=["a", "b"], heads=[head], chosen="svc")
    fields = {
        "embedder": embedder,
        "task": task.name,
        "task_title": task.title,
        "dataset": task.dataset,
        "variant": variant,
        "metric": task.metric,
        "normalisation": task.normalisation,
        "split": "predefined parts",
        "synthetic": task.synthetic,
        "mode": "grid",
        "classes": ["anger", "fear", "joy"],
        "clips": CLIPS.get(task.name, 50),
        "groups": 5,
        "dim": 4,
        "scores": scores,
        "intervals": intervals,
        "head_scores": {"svc": scores},
        "oracle": Oracle(head="lda", scores={metric: value + 0.01 for metric, value in scores.items()}),
        "chosen": {"svc": 3, "lda": 2},
        "folds": [fold],
        "fingerprint": "f",
        "vectors_fingerprint": "v",
        "predictions_sha256": "p",
        "code_sha256": "c",
        "versions": {},
    }
    return Cell(**{**fields, **changes})  # type: ignore[arg-type]


def make_board(
    table: Mapping[str, Mapping[str, float | NotRun]],
    tasks: Mapping[str, Task],
    *,
    suite: Suite | None = None,
    variants: Mapping[tuple[str, str], str] | None = None,
    published: tuple[PublishedFigure, ...] = (),
) -> Leaderboard:
    """A leaderboard from {embedder: {task: score or NotRun}}; an absent key is a missing cell."""
    suite = suite or Suite(name="tried", title="Tried out", version=1, tasks=tuple(tasks))
    cells, not_run = {}, {}
    for embedder, row in table.items():
        for name, result in row.items():
            if isinstance(result, NotRun):
                not_run[embedder, name] = result
            else:
                variant = (variants or {}).get((embedder, name), "")
                cells[embedder, name] = make_cell(embedder, tasks[name], result, variant=variant)
    return build_leaderboard(suite, tasks, cells, not_run, list(table), published)


@pytest.fixture(name="make_task")
def _make_task() -> Callable[..., Task]:
    return make_task


@pytest.fixture(name="make_cell")
def _make_cell() -> Callable[..., Cell]:
    return make_cell


@pytest.fixture(name="make_board")
def _make_board() -> Callable[..., Leaderboard]:
    return make_board


@pytest.fixture
def three_tasks() -> dict[str, Task]:
    """Two real tasks and a synthetic one."""
    return {
        "emodb_serab": make_task("emodb_serab"),
        "ravdess_serab": make_task("ravdess_serab"),
        "demo_speech": make_task("demo_speech", synthetic=True, normalisation="train"),
    }


@pytest.fixture
def rich_board(three_tasks: dict[str, Task]) -> Leaderboard:
    """Six rows: three complete, one not run, one failed and hostile, one on a variant; published figures beside."""
    source = "A paper, table 2"
    figures = tuple(
        PublishedFigure(
            suite="serab",
            task=task,
            embedder=embedder,
            metric="accuracy",
            value=value,
            source=source,
            our_tasks=() if task == "UM" else (f"{task}_serab",),
            our_embedders=(embedder,),
        )
        for embedder, task, value in [
            ("opensmile_compare", "emodb", 0.905),
            ("opensmile_compare", "ravdess", 0.713),
            ("opensmile_compare", "UM", 0.702),
            ("yamnet", "emodb", 0.607),
            ("yamnet", "UM", 0.551),
        ]
    )
    gone = NotRun(task="emodb_serab", state="unavailable", reason="weights missing", way_out="See byol.md | weights/.")
    broken = NotRun(task="ravdess_serab", state="failed", reason="answered NaN for clip a|b_1 at 50%")
    table: dict[str, dict[str, float | NotRun]] = {
        "opensmile_compare": {"emodb_serab": 0.881, "ravdess_serab": 0.70667, "demo_speech": 0.83},
        "logmel_stats": {"emodb_serab": 0.702, "ravdess_serab": 0.493, "demo_speech": 0.81},
        "chance": {"emodb_serab": 0.1429, "ravdess_serab": 0.125, "demo_speech": 0.17},
        "byol_s_512": {"emodb_serab": gone, "ravdess_serab": 0.74333, "demo_speech": 0.79},
        HOSTILE: {"emodb_serab": 0.881, "ravdess_serab": broken},
        "half_rate": {"emodb_serab": 0.75, "ravdess_serab": 0.6, "demo_speech": 0.7},
    }
    suite = Suite(
        name="serab", title="SERAB, corrected", version=1, tasks=tuple(three_tasks), note="A note.", published="serab"
    )
    variants = {("half_rate", "ravdess_serab"): "16k"}
    return make_board(table, three_tasks, suite=suite, variants=variants, published=figures)
