"""What `moodbench prune` takes for a leftover, and what it never does."""

from __future__ import annotations

import subprocess

import pytest

from benchmark import datasets, params, paths, prune

TEXT = "suites:\n  - smoke\nembedders:\n  chance: {}\n"


@pytest.fixture
def made(project):
    """`made("cells/row")` makes a folder below results/ with a file in it."""
    paths.PARAMS.write_text(TEXT)

    def make(name):
        folder = paths.RESULTS / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "emodb.json").write_text("{}")
        return folder

    return make


@pytest.fixture
def in_git(project, made):
    """Cells of `published` are in git, those of `mine` are not."""
    folders = {name: made(f"cells/{name}") for name in ("published", "mine", "chance")}
    for command in (["init", "-q"], ["add", "results/cells/published"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    return folders


def test_what_is_made_of_a_config_is_in_use(made, tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))  # other tests leave leftovers in theirs
    name = "demo_speech/smoke"
    current = datasets.prepared_folder(name, datasets.find_source(name))
    stale = current.with_name("0" * 20)
    for folder in (current, stale):
        folder.mkdir(parents=True)
    kept, unknown = made("frames/chance/demo_speech-smoke"), made("frames/chance/demo_speech-small")
    assert prune.leftovers(params.load()) == sorted([stale, unknown])
    assert kept.is_dir()


def test_cells_that_git_holds_stay(in_git, tell):
    told = tell("prune", "--yes")
    assert told.code == 0
    assert told.line("kept: the cells of 1 row, which git holds. To remove a row's: moodbench prune published")
    assert [name for name, folder in in_git.items() if folder.is_dir()] == ["published", "chance"]


def test_cells_that_git_holds_stay_though_their_task_is_gone(in_git, project):
    for row in ("published", "chance"):
        (in_git[row] / "renamed_task.json").write_text("{}")
    subprocess.run(["git", "add", "results/cells/published"], cwd=project, check=True)
    left = prune.leftovers(params.load())
    assert in_git["chance"] / "renamed_task.json" in left
    assert in_git["published"] / "renamed_task.json" not in left


def test_a_row_that_is_named_goes_with_all_that_it_has(in_git, made, tell):
    vectors, frames, other = made("embeddings/published"), made("frames/published"), made("embeddings/mine")
    told = tell("prune", "published", "--yes")
    assert told.code == 0
    assert not any(folder.exists() for folder in (in_git["published"], vectors, frames))
    assert other.is_dir()
    assert in_git["mine"].is_dir()


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("chance", "error: row 'chance' is in params.yaml, expected one that is not. Remove its entry first."),
        ("publishd", "error: unknown row (that left params.yaml) 'publishd'. Did you mean 'published'?"),
    ],
)
def test_rows_in_use_and_unknown_ones_are_refused(in_git, tell, row, line):
    told = tell("prune", row, "--yes")
    assert told.code == 2
    assert told.line(line)
    assert all(folder.is_dir() for folder in in_git.values())


def test_without_git_every_row_that_left_is_a_leftover(made):
    left = made("cells/gone")
    assert left in prune.leftovers(params.load())
    assert prune.published(params.load()) == []
