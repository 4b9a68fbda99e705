"""A corpus of one's own from a table to a row in the leaderboard; a new builder's folder from the template."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.slow


def unpack(clone: Clone) -> None:
    """The clips of the tone archive as files, and a table of two of its seven classes."""
    audio = clone.path / "audio"
    with zipfile.ZipFile(clone.data / "manual" / "download.zip") as archive:
        archive.extractall(audio)
    rows = [
        {"path": file.relative_to(audio).as_posix(), "label": file.stem[5], "who": file.stem[:2]}
        for file in sorted(audio.rglob("*.wav"))
        if file.stem[5] in "WT"
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, ["path", "label", "who"])
    writer.writeheader()
    writer.writerows(rows)
    (clone.path / "table.csv").write_text(text.getvalue())


def well_written(clone: Clone, name: str) -> None:
    """What a template made needs no mending by the project's own formatter and linter."""
    places = (f"tfds_builders/{name}", f"tasks/own_{name}.py")
    clone.run("ruff", "check", *places)
    clone.run("ruff", "format", "--check", *places)


def test_a_table_to_a_row(clone: Clone) -> None:
    unpack(clone)
    moodbench = ("python", "-m", "benchmark")
    add = ("data", "add", "my_own", "--audio", str(clone.path / "audio"), "--table", str(clone.path / "table.csv"))
    said = clone.run(*moodbench, *add, "--group", "who").stdout
    assert "my_own: 28 clips, 2 classes, 7 groups" in said
    assert "normalised by the training part, not by group: group '03' has 4 clips of 2 classes" in said
    well_written(clone, "my_own")
    again = clone.run(*moodbench, *add, "--group", "who", check=False)
    assert again.returncode == 2
    assert "is the name of a dataset, task or suite already" in again.stdout
    untracked = clone.run("git", "status", "--short", "--untracked-files=all").stdout.split()
    assert {name.split("/")[0] for name in untracked if "/" in name} == {"tasks", "tfds_builders"}
    assert not any("source.txt" in name for name in untracked)
    clone.run(*moodbench, "data", "prepare", "my_own")
    assert "nothing crosses parts" in clone.run(*moodbench, "audit", "my_own").stdout
    card = clone.run(*moodbench, "data", "show", "my_own").stdout
    assert "28 clips" in card
    assert "16000 Hz" in card
    clone.run(*moodbench, "use", "my_own")
    ran = clone.repro()
    assert {"embed@chance", "evaluate@logmel_stats", "report"} <= set(ran)
    with (clone.folder / "results/leaderboard/my_own/scores.csv").open() as stream:
        scored = {row["embedder"]: row["state"] for row in csv.DictReader(stream) if row["task"] == "my_own"}
    assert scored == {"chance": "scored", "logmel_stats": "scored"}
    assert (
        "my_own: audit of 28 clips: nothing crosses parts; 0 duplicates."
        in (clone.folder / "results/leaderboard/my_own/leaderboard.md").read_text()
    )


def test_a_recording_in_two_parts_stops_the_task(clone: Clone) -> None:
    moodbench = ("python", "-m", "benchmark")
    table = clone.path / "leaking.csv"
    lines = (clone.path / "table.csv").read_text().splitlines()
    source, stranger = lines[1].split(",")[0], lines[-1].split(",")[2]
    copy = clone.path / "audio" / "copy.wav"
    copy.write_bytes((clone.path / "audio" / source).read_bytes())
    table.write_text("\n".join([*lines, f"copy.wav,W,{stranger}"]) + "\n")
    add = ("data", "add", "leaky", "--audio", str(clone.path / "audio"), "--table", str(table), "--group", "who")
    clone.run(*moodbench, *add)
    found = clone.run(*moodbench, "audit", "leaky", check=False)
    assert found.returncode == 1
    assert "exact duplicate: 'copy.wav' in" in found.stdout
    clone.run(*moodbench, "use", "leaky")
    done = clone.run(*moodbench, "run", check=False)
    assert done.returncode == 1
    reason = "1 leak between its parts: exact duplicate: 'copy.wav' in"
    assert reason in done.stdout
    with (clone.folder / "results/leaderboard/leaky/scores.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["embedder"] for row in rows} == {"chance", "logmel_stats"}
    assert all(row["state"] == "failed" and reason in row["reason"] and not row["value"] for row in rows)


def test_a_new_builder_from_the_template(clone: Clone) -> None:
    before = set(clone.run("git", "status", "--short", "--untracked-files=all").stdout.splitlines())
    said = clone.run("python", "-m", "benchmark", "new", "dataset", "my_corpus").stdout
    touched = set(clone.run("git", "status", "--short", "--untracked-files=all").stdout.splitlines()) - before
    assert all("tfds_builders/my_corpus/" in line or "tasks/own_my_corpus.py" in line for line in touched)
    assert said.count("written: ") == len(touched)
    well_written(clone, "my_corpus")
    tests = clone.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "tests/tfds_builders/test_battery.py", "-k", "my_corpus",
    )  # fmt: skip
    assert " passed" in tests.stdout
    assert "skipped" not in tests.stdout
