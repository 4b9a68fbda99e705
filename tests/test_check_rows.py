"""`moodbench check`: whatever a stranger's model does, it is told apart in one line, and nothing else is touched."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from benchmark import cost, entry_points, isolation, registry
from benchmark.check import apart, check_embedder
from benchmark.check.report import Finding, Report, Skipped
from benchmark.check.row import Checked, check_row, chosen_rows
from benchmark.cli import app
from benchmark.construction import Construction
from benchmark.errors import UnknownNameError
from benchmark.params import EmbedderEntry
from benchmark.render import checked as render
from embedders.catalog import CATALOG

MODULES = {
    "raises_at_import": 'raise RuntimeError("no licence file")\n',
    "exits_at_import": 'import sys\n\nsys.exit("no model file at model.bin")\n',
    "hangs_at_import": "import time\n\ntime.sleep(3600)\n",
    "crashes_at_import": "import os, signal\n\nos.kill(os.getpid(), signal.SIGSEGV)\n",
    "needs_a_package": "import no_such_package_at_all\n\nfrom fatal_embedders import Good\n",
    "unreachable": """
from embedders.missing import MissingWeightsError
from fatal_embedders import Good


class Model(Good):
    def embed(self, clips):
        try:
            raise OSError("Name or service not known")
        except OSError as error:
            raise MissingWeightsError("weights missing: net/1 (Name or service not known). Fetch it.") from error
""",
    "noisy": 'print("x" * 4_000_000)\n\nfrom fatal_embedders import Good\n',
}


@pytest.fixture
def try_row(fakes, tmp_path, monkeypatch):
    """`try_row("module:Class")` checks a class of the fakes, or of `MODULES`, without the 500 clips."""
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    def run(factory, patience=60.0, **entry):
        given = EmbedderEntry(factory=factory, **entry)
        return check_row("row", given, patience=patience, thorough=False, fetch=False)

    return run


@pytest.mark.parametrize(
    ("factory", "finding", "seen"),
    [
        ("raises_at_import:Model", "import", r"^RuntimeError: no licence file \(raises_at_import\.py:1 in <module>\)$"),
        ("exits_at_import:Model", "import", r"exit code 1 \(sys.exit.*It said: no model file at model.bin"),
        ("crashes_at_import:Model", "import", r"^its process died by SIGSEGV"),
        ("fatal_embedders:Exits", "shape", r"^sys.exit\('no model file at model.bin'\) \(fatal_"),
        ("fatal_embedders:ExitsAtOnce", "shape", r"^its process ended with exit code 3"),
        ("fatal_embedders:Crashes", "shape", r"^its process died by SIGSEGV"),
        (
            "fatal_embedders:Raises",
            "shape",
            r"^IndexError: list index out of range \(fatal_embedders\.py:\d+ in before\)$",
        ),
        ("fatal_embedders:WrongDim", "shape", r"^shape \(5, 3\) for 5 clips and dim 4$"),
        ("fatal_embedders:Integers", "dtype", r"^dtype int64$"),
        ("fatal_embedders:NeedsAnArgument", "construction", r"missing a required argument: 'scale'"),
        ("fatal_embedders:Godo", "import", r"has no 'Godo'.*did you mean 'Good'"),
        ("no_such_module_of_mine:Model", "entry", r"module 'no_such_module_of_mine'.* is not found"),
    ],
)
def test_each_fault_is_told_apart(try_row, factory, finding, seen):
    row = try_row(factory)
    assert row.state == "failed"
    (failure,) = row.report.failures
    assert failure.name == finding
    assert re.search(seen, failure.seen), failure.seen
    assert failure.expected
    assert failure.why
    assert finding != "entry" or "process" not in failure.why  # none was started


def test_a_model_that_hangs_is_ended(try_row):
    row = try_row("hangs_at_import:Model", patience=1.0)
    (failure,) = row.report.failures
    assert failure.name == "import"
    assert failure.seen.startswith("found no finished check for 1 s")
    assert "'moodbench check' a longer --patience" in failure.seen


@pytest.mark.parametrize(
    ("factory", "entry", "reason", "way_out"),
    [
        ("needs_a_package:Good", {}, "no_such_package_at_all", "pip install no_such_package_at_all"),
        ("fatal_embedders:ImportsLate", {}, "cannot import 'moodmissing_late'", "pip install moodmissing_late"),
        ("fatal_embedders:NeedsExtra", {}, "needs framework", "pip install 'moodbench[framework]'"),
        ("fatal_embedders:NeedsWeights", {}, "weights missing: model.bin", "Fetch it from its authors"),
        ("unreachable:Model", {}, "weights missing: net/1 (Name or service not known)", "Fetch it."),
        ("fatal_embedders:Good", {"libraries": ["moodmissing"]}, "moodmissing is not installed", "pip install moodmis"),
        ("fatal_embedders:Good", {"weights": "nowhere.bin"}, "nowhere.bin", ""),
    ],
)
def test_what_is_missing_is_no_fault(try_row, factory, entry, reason, way_out):
    row = try_row(factory, **entry)
    assert row.state == "not run", row
    assert reason in row.reason
    assert way_out in row.way_out


def test_a_good_model_that_prints_passes_with_a_note(try_row):
    row = try_row("noisy:Good")
    assert row.state == "ok", row.report
    assert row.notes == (f"prints 4,000,001 bytes to stdout at import ('{'x' * 40}'…); moodbench drops them",)
    skipped = {each.name: each.reason for each in row.report.skipped}
    assert skipped["gpu"] == "its constructor takes no device"
    assert "--quick" in skipped["memory"]
    assert (row.made["dim"], row.made["sample_rate"], row.made["parameters"]) == (3, 16000, None)
    assert row.made["speed"]["audio_seconds"] == 40.0
    assert row.made["peak_bytes"] > 10_000_000


@pytest.mark.parametrize(
    ("kwargs", "here", "reason"),
    [
        ({}, False, "torch sees no GPU here"),
        ({"device": "cpu"}, True, "kwargs fix the device"),
        ({}, True, ""),
    ],
)
def test_the_gpu_is_tried_where_there_is_one(fakes, monkeypatch, kwargs, here, reason):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: here)
    making = Construction("fatal_embedders:OnDevice", kwargs, None, "cpu")
    on_gpu, told = apart.other_device(making)
    assert told == reason
    in_vain = replace(making, device="cuda").device_in_vain()
    assert in_vain == ("--device cuda changes nothing: kwargs fix the device" if kwargs else "")
    assert (on_gpu is None) == bool(reason)
    assert apart.other_device(replace(making, device="auto"))[0] is None, "one that may be on the GPU already"
    if on_gpu is not None:
        assert on_gpu().device == "cuda"
        (failure,) = check_embedder(making.make, on_gpu=on_gpu, long_seconds=1.0).failures
        assert (failure.name, failure.seen) == ("gpu", "a difference of 0.001")


def test_vectors_are_compared_between_processes(try_row):
    (failure,) = try_row("fatal_embedders:OtherInEachProcess").report.failures
    assert failure.name == "processes"
    assert failure.seen.startswith("largest difference 0.")


def test_parameters_are_counted_once(fakes):
    import torch
    from fatal_embedders import Good, KeptInTorch

    model = KeptInTorch()
    assert cost.parameters(model) == 3 * 2 + 2
    model.again = torch.nn.Sequential(model.parts["networks"][0])
    assert cost.parameters(model) == 3 * 2 + 2
    assert cost.parameters(Good()) is None


def test_the_catalogue_is_held_against_the_model(monkeypatch):
    entry = replace(CATALOG["chance"], dim=17)
    monkeypatch.setattr(registry, "embedder_entry", lambda *_, **__: entry)
    row = check_row("chance", EmbedderEntry(), patience=60.0, thorough=False, fetch=False)
    (failure,) = row.report.failures
    assert (failure.name, failure.seen) == ("catalogue", "dim 16, 17 in the catalogue")


@pytest.fixture
def command(project, fakes):
    """`command(text, "row", …)` runs the command on a params.yaml with these rows."""

    def run(rows, *arguments):
        (project / "params.yaml").write_text(f"suites: [demo]\nembedders:\n{textwrap.indent(rows, '  ')}")
        return CliRunner().invoke(app, ["check", *arguments])

    return run


def test_the_command_tells_and_ends_as_the_rows_do(command):
    rows = 'bad: {factory: "fatal_embedders:Integers"}\ngone: {factory: "fatal_embedders:Good", weights: nowhere.bin}\n'
    done = command(rows, "bad", "gone", "--quick")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "bad: 1 of 4 checks failed"
    assert "  FAILED   dtype" in lines
    assert "           seen:     dtype int64" in lines
    assert "           mend:     Answer vectors.astype(numpy.float32)." in lines
    (waiting,) = [line for line in lines if "mean nothing before" in line]
    assert waiting.startswith("  skipped  finite, deterministic, instances, ")
    assert any(line.startswith("gone: not run: ") and "nowhere.bin" in line for line in lines)
    assert lines[-1] == "0 of 2 rows keep the contract; failed: bad; not run: gone"
    assert lines[-5] == "row   state    failed checks, or why not run"
    assert lines[-4] == "bad   failed   dtype"
    assert re.fullmatch(r"gone  not run  .*nowhere\.bin", lines[-3])
    assert command(rows, "gone").exit_code == 1, "a row that was asked for by name"


def test_all_rows_that_cannot_run_here_are_no_failure(command, monkeypatch):
    from benchmark.check import row as module

    monkeypatch.setattr(module, "check_row", lambda name, entry, **_: Checked(name, "not run", reason="no weights"))
    done = command("own: {like: chance}\n", "--all")
    assert done.exit_code == 0
    told, _, table = done.stdout.partition("\n\n")
    assert {line.partition(":")[0] for line in told.splitlines()} == {"own", *CATALOG}
    assert len(table.splitlines()) == 1 + len(told.splitlines()) + 2
    monkeypatch.setattr(module, "check_row", lambda name, entry, **_: Checked(name, "failed"))
    assert command("own: {like: chance}\n", "--all").exit_code == 1


def test_every_row_is_tried_whatever_becomes_of_those_before(command, monkeypatch):
    from benchmark.check import row as module

    monkeypatch.setattr(module.entry_points, "names", lambda: {"chance", "byol_a_512", "hubert_base_hf"})
    done = command('a_crash: {factory: "fatal_embedders:ExitsAtOnce"}\n', "--all", "--quick")
    assert done.exit_code == 1
    table = [re.split(r"  +", line) for line in done.stdout.rpartition("\nrow ")[2].splitlines()[1:5]]
    assert [line[:2] for line in table] == [
        ["a_crash", "failed"], ["byol_a_512", "not run"], ["chance", "ok"], ["hubert_base_hf", "not run"],
    ]  # fmt: skip
    assert (table[0][2], table[2][2:]) == ("shape", [])
    assert all(line[2].startswith("weights missing: ") for line in (table[1], table[3]))


def test_a_checkpoint_that_is_not_here_is_not_fetched_for_all_rows(monkeypatch):
    """With `--all`, what is not here is not run, though the hub could be asked for gigabytes."""
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.delenv("MOODBENCH_OFFLINE")

    def download(_model, _name, *, local_files_only, **_):
        assert local_files_only
        raise hub.errors.LocalEntryNotFoundError("nothing")

    def start(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr(hub, "hf_hub_download", download)
    monkeypatch.setattr(isolation, "run_apart", start)
    row = check_row("hubert_base_hf", EmbedderEntry(), patience=60.0, thorough=False, fetch=False)
    assert row.state == "not run"
    assert row.reason.endswith("(the Hugging Face cache does not hold it)")
    assert "hf download facebook/hubert-base-ls960" in row.way_out


def test_rows_of_installed_packages_are_known(command, tmp_path, monkeypatch):
    info = tmp_path / "bright_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bright-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{entry_points.GROUP}]\nbright = fatal_embedders:Integers\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry_points.installed.cache_clear()
    try:
        done = command("own: {like: bright}\n", "bright", "--quick")
        assert done.stdout.splitlines()[0] == "bright: 1 of 4 checks failed"
        assert next(iter(chosen_rows([]))) == "own"
        assert chosen_rows([]).keys() == {"own", "bright", *CATALOG}
    finally:
        entry_points.installed.cache_clear()


def test_unknown_rows_and_no_rows_are_refused(command):
    done = command("own: {like: chance}\n", "logmel_stat")
    assert isinstance(done.exception, UnknownNameError)
    assert "Did you mean 'logmel_stats'" in str(done.exception)
    assert "found no row to check" in str(command("own: {like: chance}\n").exception)
    assert "both names and --all" in str(command("own: {like: chance}\n", "own", "--all").exception)
    assert list(chosen_rows(["own"])) == ["own"]


def test_hostile_text_stays_on_its_line():
    finding = Finding("shape", False, "a\nb\x1b[31m", "c", "d", "e")
    row = Checked("row", "failed", Report((finding,), (Skipped("gpu", "no\nGPU"),)), notes=("x\ny",))
    lines = list(render.lines(row))
    assert not any("\n" in line or "\x1b" in line for line in lines)
    assert "           seen:     a b [31m" in lines
    assert "  skipped  gpu: no GPU" in lines
