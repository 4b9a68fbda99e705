"""`moodbench register`: what passes becomes a row, what does not leaves params.yaml as it was."""

from __future__ import annotations

import pytest

from benchmark import isolation, params, paths, registering
from benchmark.errors import BenchmarkError, ParamsError
from benchmark.params import EmbedderEntry

TEXT = """\
# kept
suites:
  - demo   # small
embedders:
  chance: {}   # a floor
"""


@pytest.fixture
def here(project, fakes):
    paths.PARAMS.write_text(TEXT)
    return paths.PARAMS


@pytest.fixture
def refused(here, tell):
    """`refused("name", …)` is the one line that the command ends with; params.yaml stays as it was."""

    def run(*arguments):
        told = tell("register", *arguments)
        assert told.code == 2
        assert here.read_text() == TEXT
        return told.line("error:").removeprefix("error: ")

    return run


# -- a model that keeps the contract ---------------------------------------------------------------


def test_a_hear_module_becomes_a_row(here, monkeypatch, capfd):
    from benchmark import cli

    monkeypatch.setattr(
        "sys.argv", ["moodbench", "register", "mine", "--hear", "stranger_models", "--kwargs", "gain=2"]
    )
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    lines = capfd.readouterr().out.splitlines()
    assert "ok      attributes: 3 numbers from 16000 Hz" in lines
    assert [line for line in lines if line.startswith("ok      frames")]
    assert lines[-2] == "params.yaml: added mine."
    assert lines[-1] == (
        "Next: dvc repro (or moodbench run). It runs prepare, embed@mine, evaluate@mine, then report; what the other "
        "row has is kept. Suites: demo."
    )
    assert here.read_text() == TEXT + (
        "  mine:\n    hear: stranger_models\n    kwargs:\n      gain: 2\n    libraries:\n      - numpy\n      - torch\n"
    )


@pytest.mark.parametrize(
    ("arguments", "entry"),
    [
        (
            ["--function", "stranger_models:loudness_and_tilt", "--kwargs", '{"power": 2, "sample_rate": 8000}'],
            {"function": "stranger_models:loudness_and_tilt", "kwargs": {"power": 2, "sample_rate": 8000}},
        ),
        (["--mteb", "stranger_models:MtebEncoder"], {"mteb": "stranger_models:MtebEncoder"}),
        (["--factory", "small_embedders:Loudness"], {"factory": "small_embedders:Loudness"}),
        (
            ["--like", "chance", "--kwargs", "dim=5", "--library", "scipy"],
            {"like": "chance", "kwargs": {"dim": 5}, "libraries": ["scipy"]},
        ),
    ],
)
def test_rows_without_a_check(here, tell, arguments, entry):
    assert tell("register", "mine", *arguments, "--no-check").code == 0
    assert params.load(here).embedders["mine"] == EmbedderEntry(**entry)


def test_a_catalogue_row_by_its_name(here, tell):
    assert tell("register", "logmel_stats", "--no-check").code == 0
    assert here.read_text() == TEXT + "  logmel_stats: {}\n"


# -- a model that does not -------------------------------------------------------------------------


def test_a_failing_check_writes_nothing_unless_forced(refused, here, tell):
    line = refused("mine", "--factory", "fatal_embedders:Integers")
    assert line == (
        "mine: 1 of the checks above failed: dtype. Nothing was written. Mend it, or write the row all the same with "
        "--force."
    )
    assert tell("register", "mine", "--factory", "fatal_embedders:Integers", "--force").code == 0
    assert params.load(here).embedders["mine"].factory == "fatal_embedders:Integers"


def test_what_was_not_tried_is_said_with_its_reason(here, inline_workers):
    said = []
    with pytest.raises(BenchmarkError, match="1 of the checks above failed: dtype"):
        registering.register("mine", {"factory": "fatal_embedders:Integers"}, [], registering.Options(), said.append)
    assert said[3].startswith("FAILED  dtype: found dtype int64, expected float32.")
    (waiting,) = said[4:]
    assert waiting.startswith("skipped finite, deterministic, instances, ")
    assert waiting.endswith("memory: mean nothing before what failed is mended")


def test_notes_are_said_and_what_does_not_apply(here, inline_workers):
    said = []
    options = registering.Options(device="cuda")
    registering.register("mine", {"factory": "fatal_embedders:Good"}, [], options, said.append)
    assert said[0] == "note    --device cuda changes nothing: its constructor takes no device"
    skipped = [line for line in said if line.startswith("skipped ")]
    assert skipped == [
        "skipped frames: it has no embed_frames",
        "skipped gpu: the model is tried on 'cuda', not on the CPU",
        "skipped memory: 500 clips are embedded by 'moodbench check' only, without --quick",
    ]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("Crashes", "checking mine: its process died by SIGSEGV"),
        ("ExitsAtOnce", "checking mine: its process ended with exit code 3"),
        ("Hangs", "checking mine: found no finished check for 2 s"),
    ],
)
def test_a_model_that_takes_its_process_down(refused, model, message):
    line = refused("mine", "--factory", f"fatal_embedders:{model}", "--patience", "2" if model == "Hangs" else "60")
    assert line.startswith(message)
    assert line.endswith("Nothing was written. Mend it, or write the row all the same with --force.")
    assert ("'moodbench register' a longer --patience" in line) == (model == "Hangs")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine", "--hear", "stranger_modles"], "module 'stranger_modles' (of an embedder) is not found. Did you mean"),
        (["mine", "--function", "stranger_models:nothing"], "module 'stranger_models' has no 'nothing', expected it"),
        (["mine", "--hear", "small_embedders"], "module 'small_embedders' has no 'load_model', expected it there"),
        (["mine", "--hear", "stranger_models", "--kwargs", "layer=3"], "load_model: the arguments do not fit: got an"),
        (["mine", "--hear", "stranger_models", "--weights", "gone.pt"], "weights missing: nothing at"),
        (["mine", "--factory", "fatal_embedders:NeedsPackage"], "mine: 1 of the checks above failed: shape. Nothing"),
        (
            ["mine", "--factory", "imports_when_made:Model"],
            "cannot import 'moodmissing'. Install what it needs: pip inst",
        ),
        (["mine", "--factory", "fatal_embedders:NeedsAnArgument"], "making mine: fatal_embedders:NeedsAnArgument does"),
        (
            ["mine", "--factory", "raises_at_import:Model"],
            "making mine: RuntimeError: no licence file (raises_at_import.py:1 in <module>). Noth",
        ),
        (["mine", "--like", "chance", "--library", "no-such-dist"], "no-such-dist is not installed. Install it: pip"),
    ],
)
def test_what_cannot_be_made(refused, inline_workers, arguments, message, tmp_path, monkeypatch):
    (tmp_path / "raises_at_import.py").write_text('raise RuntimeError("no licence file")\n')
    (tmp_path / "imports_when_made.py").write_text(
        "class Model:\n    def __init__(self):\n        import moodmissing\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine", "--hear", "a", "--mteb", "a:B"], "'mine' has both 'hear' and 'mteb'; expected one of like, factory"),
        (["mine", "--hear", "a:B"], "embedders.mine.hear: found 'a:B'; expected a module, such as"),
        (["mine", "--function", "a"], "embedders.mine.function: found 'a'; expected 'module:function', such as"),
        (["chance"], "params.yaml has a row 'chance' already. Take another name"),
        (["Mine", "--hear", "a"], "embedder name 'Mine': expected small letters"),
        (["mfcc_stats", "--hear", "stranger_models"], "'mfcc_stats' is a name of the catalogue or of an installed pac"),
        (["mine"], "For a model of your own give one of --like, --factory, --hear, --mteb, --xares, --function."),
        (["logmel_stat"], "unknown embedder 'logmel_stat'. Did you mean 'logmel_stats'"),
        (["mine", "--sweep", "x=1"], "unknown embedder 'mine'."),
        (["mfcc_stats", "--sweep", "x=1"], "--sweep: found no model to vary, expected one of --like, --factory"),
        (["wav2vec2", "--hear", "stranger_models", "--sweep", "size=base"], "'wav2vec2_base' is a name of the catal"),
        (["mine", "--hear", "a", "--kwargs", "layer"], "--kwargs 'layer': expected argument=value, or a JSON object"),
        (["mine", "--hear", "a", "--kwargs", "x=1", "x=2"], "--kwargs: argument 'x' is given twice, expected it once."),
        (["mine", "--hear", "a", "--sweep", "x=1,,2"], "--sweep x: found '1,,2', expected values with commas"),
        (["mine", "--hear", "a", "--sweep", "x=a,A"], "two of its rows would be called 'mine_a'"),
        (["mine", "--hear", "a", "--sweep", "x=[a,b],[c]"], "--sweep: found '[a,b],[c]', which begins as JSON and is"),
    ],
)
def test_one_clear_line(refused, arguments, message):
    assert message in refused(*arguments)


def test_what_a_model_says_is_not_ended_twice(refused, inline_workers, monkeypatch, tmp_path):
    (tmp_path / "asks.py").write_text("def pich(audio, rate):\n    return [audio.mean(), audio.std()]\n")
    monkeypatch.syspath_prepend(tmp_path)
    line = refused("mine", "--function", "asks:pitch")
    assert line.endswith(
        "Did you mean 'pich'? Nothing was written. Mend it, or write the row all the same with --force."
    )


# -- sweeps ----------------------------------------------------------------------------------------


def test_a_sweep_is_ordinary_rows(here, tell):
    command = ["register", "w2v", "--like", "wav2vec2_base", "--weights", "w.pth", "--no-check"]
    assert tell(*command, "--sweep", "layer=3,6", "pooling=mean,mean+std", "--kwargs", "x=1").code == 0
    rows = params.load(here).embedders
    assert list(rows)[1:] == ["w2v_layer3_mean", "w2v_layer3_mean_std", "w2v_layer6_mean", "w2v_layer6_mean_std"]
    assert rows["w2v_layer6_mean_std"] == EmbedderEntry(
        like="wav2vec2_base", weights="w.pth", kwargs={"x": 1, "layer": 6, "pooling": "mean+std"}
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("layer=[1,2],[3]", {"layer1_2": [1, 2], "layer3": [3]}),
        ("layer=[[1,2]]", {"layer1_2": [1, 2]}),
        ("layer=[1,2]", {"layer1": 1, "layer2": 2}),
        ("layer=mean,[1, 2],True,7", {"mean": "mean", "layer1_2": [1, 2], "layertrue": True, "layer7": 7}),
        ("pool=mean,max", {"mean": "mean", "max": "max"}),
        ('pool="mean,max",min', {"mean_max": "mean,max", "min": "min"}),
        ('{"layer": [[1], 2]}', {"layer1": [1], "layer2": 2}),
        ("scale=-1,1", {"scaleminus1": -1, "scale1": 1}),
        ("scale=-0.5,1e-05,[2,-2]", {"scaleminus0_5": -0.5, "scale1eminus05": 1e-5, "scale2_minus2": [2, -2]}),
    ],
)
def test_values_of_a_sweep(text, values):
    rows = registering.expand("mine", EmbedderEntry(like="chance"), [text])
    found = {row.removeprefix("mine_"): list(entry.kwargs.values()) for row, entry in rows.items()}
    assert found == {word: [value] for word, value in values.items()}


def test_a_sweep_says_whose_checks_follow(here, inline_workers):
    said = []
    registering.register("mine", {"like": "chance"}, ["dim=4,5"], registering.Options(), said.append)
    assert [line for line in said if line.startswith(("mine", "ok      attributes"))] == [
        "mine_dim4:",
        "ok      attributes: 4 numbers from 16000 Hz",
        "mine_dim5:",
        "ok      attributes: 5 numbers from 16000 Hz",
    ]


def test_a_sweep_with_one_bad_row_writes_none(refused, inline_workers):
    line = refused("mine", "--function", "stranger_models:loudness_and_tilt", "--sweep", "sample_rate=8000,-1")
    assert "sample_rate is -1, expected a whole number above 0. Nothing was written" in line


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["layer=3", "pool=mean", "name=a=b"], {"layer": 3, "pool": "mean", "name": "a=b"}),
        (['{"a": [1, 2]}', "b=true"], {"a": [1, 2], "b": True}),
        (['b="3"'], {"b": "3"}),
        (["a=True", "b=False", "c=None", 'd="None"'], {"a": True, "b": False, "c": None, "d": "None"}),
        ([], {}),
    ],
)
def test_settings(texts, found):
    assert registering.parse_settings(texts, "--kwargs") == found


def test_bad_settings():
    with pytest.raises(ParamsError, match="expected argument=value"):
        registering.parse_settings(["{1"], "--kwargs")


def test_a_file_that_cannot_be_added_to_is_told_before_the_model_is_tried(here, monkeypatch):
    monkeypatch.setattr(isolation, "run_apart", lambda *_, **__: pytest.fail("the model was tried"))
    here.write_text("suites: [demo]\nembedders: {chance: {}}\n")
    with pytest.raises(ParamsError, match="cannot be added to here"):
        registering.register("mine", {"factory": "small_embedders:Loudness"}, [], registering.Options(), print)


def test_the_model_never_runs_in_the_commands_own_process(here, monkeypatch):
    """What is not sent apart is not run at all."""
    monkeypatch.setattr(isolation, "run_apart", lambda *_, **__: None)
    registering.register("mine", {"factory": "fatal_embedders:Crashes"}, [], registering.Options(), print)
    with pytest.raises(BenchmarkError, match="already"):
        registering.register("mine", {"factory": "fatal_embedders:Crashes"}, [], registering.Options(), print)
