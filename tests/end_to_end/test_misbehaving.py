"""Models that raise, quit, crash, hang or break the contract: each fails its own row, and no other.

The tests of this file build on each other, in order, on one clone.
"""

from __future__ import annotations

import csv
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.slow

SECTION = "Models at work"
PATIENCE = "15"  # several times what a first batch takes on a busy machine
FAKES = Path(__file__).resolve().parents[1] / "fakes" / "fatal_embedders.py"
MODULES = {
    "raises_at_import": 'raise RuntimeError("no licence file")\n',
    "hangs_at_import": "import time\n\ntime.sleep(3600)\n",
    "needs_a_package": "import no_such_package_at_all\n\nfrom fatal_embedders import Good\n",
    "noisy": 'print("x" * 4_000_000)\n\nfrom fatal_embedders import Good\n',
    "mistaken": "from fatal_embedders import Raises as Model\n",
}


@dataclass(frozen=True)
class Case:
    """A row of params.yaml, and what the table is to say of it."""

    factory: str
    reason: str
    more: str = ""
    state: str = "failed"


NOT_HERE = "not run"
CASES = {
    "raises in `embed`": Case("mistaken:Model", r"^embedding 'wav/\w+.wav' and 63 more: IndexError: list "),
    "raises at import": Case(
        "raises_at_import:Model", r"on emodb: RuntimeError: no licence file \(raises_at_import.py:.*\)$"
    ),
    "calls `sys.exit` in `embed`": Case("fatal_embedders:Exits", r"exit code 1 .* It said: no model file at m"),
    "calls `os._exit(3)` in `embed`": Case("fatal_embedders:ExitsAtOnce", r"on emodb: .* ended with exit code 3 "),
    "crashes with a segmentation fault": Case("fatal_embedders:Crashes", r"on emodb: its process died by SIGSEGV "),
    "is killed": Case("fatal_embedders:IsKilled", r"on emodb: its process was killed \(SIGKILL\), often for lack of"),
    "crashes in its worker": Case("fatal_embedders:CrashesInWorker", r"^a worker process died while .* by SIGSEGV "),
    "sleeps in `embed`": Case("fatal_embedders:Hangs", rf"on emodb: found no finished batch for {PATIENCE} s, .*--pa"),
    "imports a package that is not here": Case("needs_a_package:Good", r"'no_such_package_at_all'$", state=NOT_HERE),
    "declares a library that is not here": Case(
        "fatal_embedders:NeedsPackage", r"^moodmissing is not installed$", ", libraries: [moodmissing]", NOT_HERE
    ),
    "answers with another `dim`": Case("fatal_embedders:WrongDim", r"found shape \(64, 3\), expected \(64, 4\)"),
    "answers not-a-number": Case("fatal_embedders:NotANumber", r"found nan among the 3 numbers of clip 0 "),
    "answers integers": Case("fatal_embedders:Integers", r"int64.*expected float32"),
    "wants an argument": Case("fatal_embedders:NeedsAnArgument", r"missing a required argument: 'scale'"),
    "prints megabytes at import": Case("noisy:Good", r"^$", state="scored"),
}
NAMES = {kind: "row_" + re.sub(r"\W+", "_", kind.lower()).strip("_") for kind in CASES}


def rows(clone: Clone) -> dict[str, dict[str, str]]:
    """The rows of the task's primary metric, by embedder."""
    with (clone.folder / "results/leaderboard/tiny/scores.csv").open(newline="") as file:
        return {row["embedder"]: row for row in csv.DictReader(file) if row["primary"] == "yes"}


@dataclass(frozen=True)
class Ran:
    """One run over all cases."""

    code: int
    output: str
    rows: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def ran(clone: Clone) -> Ran:
    shutil.copy(FAKES, clone.path)
    for name, text in MODULES.items():
        (clone.path / f"{name}.py").write_text(text)
    entries = [f'  {NAMES[kind]}: {{factory: "{case.factory}"{case.more}}}\n' for kind, case in CASES.items()]
    head = "suites: [tiny]\nprobe:\n  mode: none\n  heads: [lda]\nembedders:\n"
    (clone.folder / "params.yaml").write_text(head + "".join(entries))
    done = clone.run("python", "-m", "benchmark", "run", check=False, MOODBENCH_PATIENCE=PATIENCE)
    assert done.returncode == 1, done.stdout
    return Ran(done.returncode, done.stdout, rows(clone))


def test_one_run_goes_past_all_of_them(ran: Ran) -> None:
    assert ran.code == 1
    assert "Traceback" not in ran.output
    assert len(ran.output) < 100_000, "what a model prints goes nowhere"
    states = {kind: ran.rows[NAMES[kind]]["state"] for kind in CASES}
    assert states == {kind: case.state for kind, case in CASES.items()}


@pytest.mark.parametrize("kind", [kind for kind, case in CASES.items() if case.state != "scored"])
def test_on_page(ran: Ran, on_page, kind: str) -> None:
    row = ran.rows[NAMES[kind]]
    assert re.search(CASES[kind].reason, row["reason"]), row["reason"]
    assert row["value"] == ""
    assert CASES[kind].state != "not run" or row["way_out"].split(": ")[-1].startswith("pip install")
    said = ". ".join(filter(None, [row["reason"], row["way_out"]]))
    on_page(SECTION, kind, said.replace(NAMES[kind], "row"), ran.code, goes_on=True)


def test_on_page_patience_is_an_option(ran: Ran, clone: Clone, on_page) -> None:
    with (clone.folder / "params.yaml").open("a") as file:
        file.write('  row: {factory: "hangs_at_import:Model"}\n')
    clone.run("python", "-m", "benchmark", "prepare")
    done = clone.run("python", "-m", "benchmark", "embed", "row", "--patience", "2", check=False)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: row on emodb: found no finished batch for 2 s, expected one")
    on_page(SECTION, "sleeps at import (`--patience 2`)", line, done.returncode)
    clone.replace("params.yaml", '  row: {factory: "hangs_at_import:Model"}\n', "")


def test_what_is_mended_is_scored_and_touches_no_other(ran: Ran, clone: Clone) -> None:
    mended = [NAMES["declares a library that is not here"], NAMES["raises in `embed`"]]
    others = [
        file
        for folder in ("cells", "embeddings")
        for file in (clone.folder / "results" / folder).rglob("*")
        if file.is_file() and not set(mended) & set(file.parts)
    ]
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in others}
    assert any(file.suffix == ".parquet" for file in others)
    site = clone.path / "site"  # packages, apart from strangers' own modules
    installed = site / "moodmissing-1.0.dist-info"
    installed.mkdir(parents=True)
    (site / "moodmissing.py").write_text("FACTOR = 2\n")
    found = {"PYTHONPATH": f"{clone.path}:{site}"}
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: moodmissing\nVersion: 1.0\n")
    (clone.path / "mistaken.py").write_text("from fatal_embedders import Good as Model\n")
    clone.run(
        "dvc", "repro", *(f"evaluate@{name}" for name in mended), **found
    )  # as `run` does, without the broken ones
    reported = clone.run("python", "-m", "benchmark", "report", check=False, **found)
    assert reported.returncode == 1, "the others are still broken"
    after = rows(clone)
    assert {name: after[name]["state"] for name in mended} == dict.fromkeys(mended, "scored")
    assert {n: row["reason"] for n, row in after.items() if n not in mended} == {
        n: row["reason"] for n, row in ran.rows.items() if n not in mended
    }
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in others} == before


def test_a_model_that_was_killed_is_started_again_and_goes_on_where_it_stopped(
    ran: Ran, clone: Clone, tmp_path: Path
) -> None:
    marker = tmp_path / "has died"
    with (clone.folder / "params.yaml").open("a") as file:
        file.write(f'  dies_once: {{factory: "fatal_embedders:DiesOnce", kwargs: {{marker: "{marker}"}}}}\n')
    embed = ("python", "-m", "benchmark", "embed", "dies_once", "--batch-seconds", "8")
    folder = clone.folder / "results/embeddings/dies_once"

    def contents() -> dict[str, bytes]:
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    marker.touch()
    clone.run("python", "-m", "benchmark", "prepare")
    clone.run(*embed)
    undisturbed = contents()
    shutil.rmtree(folder)
    marker.unlink()
    died = clone.run(*embed)
    assert re.search(r"embed dies_once on emodb, after 40 of 98 clips: .*SIGKILL.* Starting again\.", died.stdout)
    assert contents() == undisturbed
    record = (clone.folder / "results/runs/dies_once.json").read_text()
    assert '"clips_reused": 40' in record
