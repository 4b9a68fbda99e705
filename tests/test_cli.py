"""The command line: what the user can mend is one clear line, and nothing is half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import api, cli, paths, registry
from benchmark.errors import BenchmarkError
from benchmark.stages import embed as embed_stage
from benchmark.stages import evaluate as evaluate_stage
from benchmark.stages import everything
from embedders.catalog import CATALOG
from tasks.base import Suite

GOOD = """\
# kept
suites:
  - demo   # small
probe:
  mode: none
  heads: [lda]
embedders:
  # a row
  chance: {}
  tiny: {factory: "small_embedders:Loudness"}
"""
COMMANDS = (["use", "serab"], ["prepare"], ["embed"], ["evaluate"], ["report"], ["run"], ["list", "suites"])


@pytest.fixture
def params_file(project) -> Path:
    (project / "params.yaml").write_text(GOOD)
    return project / "params.yaml"


@pytest.fixture
def command(params_file, monkeypatch, capsys):
    """`command("use", "serab")` answers (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["moodbench", *arguments])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def told(answer: tuple[int, str, str]) -> str:
    """The message of a mistake: one line on stderr, exit code 2, nothing else."""
    code, out, err = answer
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err.removeprefix("error: ").rstrip()


# -- use ------------------------------------------------------------------------------------------


def test_use_rewrites_the_suites_only(command, params_file):
    code, out, err = command("use", "speech_emotion", "demo")
    assert (code, err) == (0, "")
    assert out == "params.yaml: suites are now demo, speech_emotion. Next: moodbench run (or dvc repro).\n"
    assert params_file.read_text() == GOOD.replace("small\n", "small\n  - speech_emotion\n")


@pytest.mark.parametrize(("name", "near"), [("serb", "serab"), ("speech-emotion", "speech_emotion"), ("Demo", "demo")])
def test_an_unknown_suite_is_answered_with_its_near_miss(command, params_file, name, near):
    before = params_file.stat()
    message = told(command("use", "demo", name))
    assert message.startswith(f"unknown suite {name!r}. Did you mean {near!r}")
    assert f"Known: {', '.join(sorted(registry.suites()))}." in message
    assert params_file.read_text() == GOOD
    assert params_file.stat().st_mtime_ns == before.st_mtime_ns


# -- params.yaml ----------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("suites: [demo\n", "params.yaml cannot be parsed"),
        (GOOD + "  chance: {}\n", 'found duplicate key "chance"'),
        (GOOD + "sutes: []\n", "unknown key 'sutes'; did you mean 'suites'?"),
        (GOOD + "  ../../x: {}\n", "embedder name '../../x'"),
    ],
    ids=["unparsable", "duplicate key", "unknown key", "path as name"],
)
def test_a_mistake_in_params_stops_every_command(command, params_file, project, arguments, text, message):
    params_file.write_text(text)
    assert message in told(command(*arguments))
    assert params_file.read_text() == text
    assert [path.name for path in project.iterdir()] == ["params.yaml"], "nothing is half-written"


def test_absent_params(command, params_file):
    params_file.unlink()
    assert told(command("prepare")) == "params.yaml not found. Run from the project's clone, or restore it from git."


@pytest.mark.parametrize("stage", ["embed", "evaluate"])
def test_an_embedder_that_is_not_in_params(command, stage):
    message = told(command(stage, "chanse"))
    assert message.startswith("unknown embedder (in params.yaml) 'chanse'. Did you mean 'chance'? Known: chance, tiny.")


def test_an_unknown_embedder_in_params(command, params_file, project):
    params_file.write_text(GOOD + "  byol_s_521: {}\n")
    assert "Did you mean 'byol_s_512'" in told(command("prepare"))
    assert not (project / "results").exists()


def test_an_unknown_suite_in_params(command, params_file, project):
    params_file.write_text(GOOD.replace("- demo", "- dmeo"))
    assert "unknown suite 'dmeo'. Did you mean 'demo'?" in told(command("prepare"))
    assert not (project / "results").exists()


def test_stages_before_their_time(command):
    assert told(command("embed", "tiny")) == "no plan for embedder 'tiny'; run 'moodbench prepare' first."
    assert told(command("evaluate", "tiny")) == "embedder 'tiny' has not been through 'moodbench embed' yet."


# -- what the system refuses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device", "vectors.npy"), "No space left on device (vectors.npy). Check that"),
        (PermissionError(13, "Permission denied", "results"), "Permission denied (results). Check that"),
        (OSError("odd"), "odd. Check that the place exists, has room, and is yours."),
    ],
)
def test_an_error_of_the_system_is_one_line(command, monkeypatch, error, message):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(embed_stage, "run", refuse)
    assert told(command("embed", "tiny")).startswith(message)


def test_a_mistake_of_ours_keeps_its_trace(command, monkeypatch):
    """What no user can mend must not look as if."""
    monkeypatch.setattr(embed_stage, "run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        command("embed", "tiny")


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["embed", "--workers", "-1"],
        ["embed", "--batch-seconds", "0"],
        ["embed", "--patience", "0"],
        ["embed", "--workers", "two"],
        ["evaluate", "--engine", "faster"],
        ["list", "heds"],
        ["use"],
    ],
    ids=" ".join,
)
def test_a_bad_option_is_a_usage_error(command, arguments):
    code, out, err = command(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("Usage: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [["embed"], ["frames", "chance", "emodb"], ["register", "mine", "--factory", "a:B"]], ids=" ".join
)
@pytest.mark.parametrize("device", ["gpu", "banana", "cuda:1", ""])
def test_a_device_is_one_of_three(command, calls, arguments, device):
    code, _, err = command(*arguments, "--device", device)
    said = " ".join(err.replace("│", " ").split())
    assert (code, calls) == (2, [])
    assert f"Invalid value for '--device': Value error, {device!r} is not one of 'auto', 'cpu', 'cuda'." in said


def test_a_subprocess_ends_with_the_same_line_and_code(params_file):
    """As the shell and DVC see it."""
    program = (
        "import sys; from pathlib import Path; from benchmark import paths; paths.PARAMS = Path(sys.argv.pop(1));"
        "from benchmark.cli import main; main()"
    )
    command = [sys.executable, "-c", program, str(params_file), "use", "serb"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown suite 'serb'. Did you mean 'serab'?")
    assert done.stderr.count("\n") == 1


# -- options reach the stages ---------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    found = []
    for stage in (embed_stage, evaluate_stage):
        monkeypatch.setattr(stage, "run", lambda params, name, **options: found.append((name, options)))
    return found


def test_options_of_embed(command, calls):
    given = ("--device", "cuda", "--workers", "3", "--batch-seconds", "7", "--patience", "5", "--fresh")
    assert command("embed", "tiny", *given)[0] == 0
    expected = {"device": "cuda", "workers": 3, "batch_seconds": 7.0, "patience": 5.0, "fresh": True}
    assert calls == [("tiny", expected)]


def test_options_of_evaluate(command, calls):
    assert command("evaluate", "tiny", "--engine", "reference", "--workers", "1")[0] == 0
    assert calls == [("tiny", {"engine": "reference", "workers": 1, "fresh": False})]


def test_without_names_every_row_is_done(command, calls):
    assert command("embed")[0] == 0
    assert [name for name, _ in calls] == ["chance", "tiny"]
    assert all(options["workers"] >= 1 and options["device"] == "auto" for _, options in calls)


def test_a_row_that_fails_keeps_no_other_from_its_turn(command, monkeypatch):
    done = []

    def stage(params, name, **_):
        if name == "chance":
            raise BenchmarkError("no luck")
        done.append(name)

    monkeypatch.setattr(embed_stage, "run", stage)
    code, out, err = command("embed")
    assert (code, out, done) == (2, "", ["tiny"])
    assert err == "embed chance: no luck\nerror: embed: 1 of 2 rows failed, for the reasons above: chance.\n"


@pytest.mark.parametrize("code", [0, 1])
def test_run_and_report_end_with_their_code(command, monkeypatch, code):
    monkeypatch.setattr(everything, "run", lambda *, skip_broken: code)
    asked = []
    monkeypatch.setattr(everything, "report", lambda *, show, clean: asked.append(clean) or code)
    assert command("run")[0] == code
    assert command("report")[0] == code
    assert command("report", "--clean")[0] == code
    assert asked == [False, True]


# -- list -----------------------------------------------------------------------------------------


def rows(answer) -> dict[str, str]:
    """The lines of a listing by their first word, without the rest of wrapped cells."""
    code, out, err = answer
    assert (code, err) == (0, "")
    return {line.split()[0]: line for line in out.splitlines()[1:] if line[:1].strip()}


def test_list_suites(command, manual):
    found = rows(command("list", "suites"))
    assert set(registry.suites()) <= set(found)
    assert "yes" in found["demo"].split()
    assert "yes" not in found["serab"].split()
    assert "datasets ready" in found["music_mood"]


def test_list_datasets_and_tasks(command, manual):
    found = rows(command("list", "datasets"))
    assert set(registry.datasets()) <= set(found)
    assert found["emodb"].rstrip().endswith("ready")
    assert "archive missing" in found["ravdess"]
    tasks = rows(command("list", "tasks"))
    assert set(registry.tasks()) <= set(tasks)
    assert "leave one" in tasks["emovo"]


def test_list_embedders(command, manual, fakes):
    found = rows(command("list", "embedders"))
    assert {*CATALOG, "tiny"} <= set(found)
    assert "yes" in found["chance"].split()
    assert found["tiny"].rstrip().endswith("ready")
    assert "weights missing: byol_s_512.pth" in found["byol_s_512"]


def test_list_heads(command):
    found = rows(command("list", "heads"))
    assert list(found)[:5] == ["lda", "lr", "qda", "rf", "svc"]
    assert "yes" in found["lda"].split()
    assert "yes" not in found["svc"].split()


# -- from Python ----------------------------------------------------------------------------------


def test_an_object_is_scored_from_python(manual, project, fakes, inline_workers, monkeypatch):
    from importlib import import_module

    from benchmark import evaluate

    assert evaluate is api.evaluate
    monkeypatch.setattr(api, "Workers", inline_workers)
    known = {"one": Suite(name="one", title="One", version=1, tasks=("emodb", "emodb_serab"))}
    monkeypatch.setattr(registry, "suites", lambda: known)
    embedder = import_module("small_embedders").Loudness()
    found = evaluate(embedder, ["one"], heads=["lda"], mode="none", workers=1).set_index("task")
    assert list(found.index) == ["emodb", "emodb_serab"]
    assert found.loc["emodb", "score"] == found.loc["emodb", "uar"]
    assert found.loc["emodb_serab", "score"] == found.loc["emodb_serab", "accuracy"]
    assert found["clips"].to_dict() == {"emodb": 70, "emodb_serab": 14}
    assert found.loc["emodb", "low"] < found.loc["emodb", "score"] < found.loc["emodb", "high"]
    assert list(project.iterdir()) == [], "results/ is not touched"
