"""The published figures: the shipped file, and what is refused."""

from collections import defaultdict
from pathlib import Path

import pytest

from benchmark import paths, registry
from benchmark.errors import BenchmarkError
from benchmark.published import AGGREGATES, FIGURE_COLUMNS, NAME_COLUMNS, load_published

LEAKING = {"iem4": "iemocap_serab_original", "shemo": "shemo_serab_original"}  # printed on parts that share speakers
ROW = "serab,emodb,yamnet,accuracy_percent,60.7,a paper,\n"


def write(folder: Path, figures: str = ROW, names: str = "task,emodb_serab,emodb\nembedder,ours,yamnet\n") -> Path:
    (folder / "x.csv").write_text(",".join(FIGURE_COLUMNS) + "\n" + figures)
    (folder / "x_names.csv").write_text(",".join(NAME_COLUMNS) + "\n" + names)
    return folder


def test_percent_become_exact_fractions_and_names_are_resolved(tmp_path: Path):
    (figure,) = load_published("x", write(tmp_path))
    assert (figure.metric, figure.value) == ("accuracy", 0.607)
    assert (figure.our_tasks, figure.our_embedders) == (("emodb_serab",), ("ours",))


def test_no_name_means_no_figures(tmp_path: Path):
    assert load_published("", tmp_path) == ()


def test_shipped_serab_figures_are_whole_and_agree_with_the_printed_means():
    by_row: dict[str, dict[str, float]] = defaultdict(dict)
    for figure in load_published("serab", paths.PUBLISHED):
        assert figure.metric == "accuracy"
        assert 0.3 < figure.value < 1
        ours = LEAKING.get(figure.task, f"{figure.task}_serab")
        assert figure.our_tasks == (() if figure.task in AGGREGATES else (ours,))
        assert figure.task in AGGREGATES or ours in registry.tasks()
        assert (figure.task in LEAKING) == ("speakers shared by training and test" in figure.note)
        by_row[figure.embedder][figure.task] = figure.value
    assert len(by_row) == 13
    assert by_row["opensmile_compare"]["emodb"] == 0.905
    assert by_row["byol_s_512"]["ravdess"] == 0.773
    wrong = []
    for name, figures in by_row.items():
        tasks = [value for task, value in figures.items() if task not in AGGREGATES]
        assert len(tasks) == 9
        if abs(sum(tasks) / 9 - figures["UM"]) > 0.0006:
            wrong.append(name)
    assert wrong == ["byol_a_512"]  # the paper's own slip, said in the file's note


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (ROW + ROW, r"line 3: emodb, yamnet, accuracy stands there twice"),
        (ROW.replace("60.7", "sixty"), r"line 2: value 'sixty' is no number"),
        (ROW.replace("60.7", "NaN"), r"line 2: value 'NaN' is not finite"),
        ("serab,emodb\n", r"line 2: expected 7 fields"),
        (ROW.replace("a paper", "a, paper"), r"line 2: expected 7 fields"),
    ],
)
def test_bad_figures_are_refused(tmp_path: Path, figures: str, message: str):
    with pytest.raises(BenchmarkError, match=message):
        load_published("x", write(tmp_path, figures))


def test_bad_names_and_headers_are_refused(tmp_path: Path):
    with pytest.raises(BenchmarkError, match="what='suite'; expected task or embedder"):
        load_published("x", write(tmp_path, names="suite,a,b\n"))
    write(tmp_path)
    (tmp_path / "x.csv").write_text("task,value\n")
    with pytest.raises(BenchmarkError, match=r"found the columns \['task', 'value'\], expected"):
        load_published("x", tmp_path)
    with pytest.raises(BenchmarkError, match=r"y_names\.csv not found"):
        load_published("y", tmp_path)
