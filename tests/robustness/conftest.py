"""A project on the tiny corpus in which commands are run as by a person."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from benchmark import manifest, paths, registry, scoring
from tasks.base import Suite

PARAMS = """\
suites:
  - one
probe:
  mode: none
  heads:
    - lda
    - svc
embedders:
  row: {factory: "small_embedders:Loudness"}
"""


@pytest.fixture
def here(manual, project, fakes, inline_workers, monkeypatch):
    """The project's folder; params.yaml scores one row on `emodb`, whose tiny archive lies in `manual`."""
    monkeypatch.setattr(
        registry, "suites", lambda: {"one": Suite(name="one", title="One", version=1, tasks=("emodb",))}
    )
    paths.PARAMS.write_text(PARAMS)
    return project


@pytest.fixture
def scored(here, tell, monkeypatch):
    """The same after `prepare`, `embed`, `evaluate` and `report`."""
    monkeypatch.setenv("MOODBENCH_QUIET", "1")  # `report` writes its pages, and prints no table
    for command in ("prepare", "embed", "evaluate", "report"):
        told = tell(command)
        assert told.code == 0, told.lines
    return here


# -- two rows: what is done to `row` must not harm `other` -----------------------------------------

OTHER = 'other: {factory: "small_embedders:Scaled", kwargs: {factor: 2.0}}'


class Rows:
    """A project with two rows, what is in it, and what can be done to its files."""

    def __init__(self, root, tell):
        self.root, self.tell = root, tell

    def run(self, entry):
        """All stages with `row` of that entry; what each command told."""
        head = PARAMS.partition("embedders:")[0]
        paths.PARAMS.write_text(f"{head}embedders:\n  row: {entry}\n  {OTHER}\n")
        commands = ("prepare", "embed row", "evaluate row", "embed other", "evaluate other", "report")
        told = {command: self.tell(*command.split()) for command in commands}
        assert told["embed other"].code == told["evaluate other"].code == 0
        return told

    @staticmethod
    def table():
        """The leaderboard's primary figures by embedder."""
        with (paths.LEADERBOARD / "one" / "scores.csv").open() as file:
            return {row["embedder"]: row for row in csv.DictReader(file) if row["primary"] == "yes"}

    def states(self):
        """State and primary score by embedder."""
        return {name: (row["state"], row["value"]) for name, row in self.table().items()}

    def shown(self):
        """What the table says of `row`, which has no score."""
        row = self.table()["row"]
        assert row["value"] == ""
        return f"{row['state']}: {row['reason'].rstrip('.')}. {row['way_out']}".strip()

    @staticmethod
    def results(folder=None):
        """The bytes of all results, or of one folder's, but the record of the run, which holds the clock."""
        folder = folder or paths.RESULTS
        files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
        return {name: file.read_bytes() for name, file in files.items() if not name.startswith("runs/")}

    @staticmethod
    def cell(name="row"):
        return paths.cell(name, "emodb", manifest.read("emodb").variant)

    @staticmethod
    def cut(file: Path) -> None:
        """Early, so that the place of the damage, which is told, depends on no figure."""
        file.write_bytes(file.read_bytes()[:60])

    @staticmethod
    def edit(file: Path, **fields) -> None:
        """Change keys of a JSON file."""
        raw = json.loads(file.read_text())
        assert any(raw.get(key) != value for key, value in fields.items())
        file.write_text(json.dumps({**raw, **fields}, indent=1))


@pytest.fixture
def rows(here, tell, monkeypatch):
    monkeypatch.setenv("MOODBENCH_QUIET", "1")
    return Rows(here, tell)


@pytest.fixture
def two(rows, tmp_path_factory):
    """The same with both rows scored; made once, then copied."""
    made = tmp_path_factory.getbasetemp() / "two-rows"
    if not made.is_dir():
        assert {told.code for told in rows.run('{factory: "small_embedders:Loudness"}').values()} == {0}
        shutil.copytree(rows.root, made)
    else:
        shutil.copytree(made, rows.root, dirs_exist_ok=True)
    for remembered in (scoring._features, scoring._problem):  # as every command finds them: empty
        remembered.cache_clear()
    return rows
