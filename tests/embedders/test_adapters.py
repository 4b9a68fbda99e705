"""Other benchmarks' interfaces as embedders: numbers by hand, the battery, and what is said when they are broken."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from benchmark.embedding import embed_clips
from embedders.adapters.calling import embed_whole
from embedders.adapters.function import Function
from embedders.adapters.hear import Hear
from embedders.adapters.mteb import Mteb
from embedders.adapters.xares import Xares
from embedders.base import EmbedderError, FrameEmbedder

ADAPTERS = {"hear": Hear, "function": Function, "mteb": Mteb, "xares": Xares}
MODEL = {
    "hear": "stranger_models",
    "function": "stranger_models:loudness_and_tilt",
    "mteb": "stranger_models:MtebEncoder",
    "xares": "stranger_models:XaresEncoder",
}
RAMP = np.linspace(-0.5, 0.7, 1000, dtype=np.float32)


@pytest.mark.parametrize("kind", ADAPTERS)
def test_the_battery(models, kind):
    report = check_embedder(lambda: ADAPTERS[kind](MODEL[kind]))
    report.raise_on_failure()
    assert ("frames" in {finding.name for finding in report.findings}) == (kind in ("hear", "xares"))


@pytest.mark.parametrize("kind", ADAPTERS)
def test_long_clips_go_in_windows_where_asked(models, kind):
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, 40_000).astype(np.float32)
    plain, cut = ADAPTERS[kind](MODEL[kind]), ADAPTERS[kind](MODEL[kind], window_seconds=1.0)
    size = plain.sample_rate
    last = len(noise) - size
    windows = [noise[start : start + size] for start in [*range(0, last, size), last]]
    expected = np.mean([embed_clips(plain, [window], ["w"])[0] for window in windows], axis=0)
    np.testing.assert_allclose(embed_clips(cut, [noise], ["n"])[0], expected, rtol=1e-5)
    assert np.array_equal(embed_clips(plain, [noise], ["n"]), plain.embed([noise])), "whole, unless asked"
    np.testing.assert_allclose(embed_whole(cut, [noise])[0], expected, rtol=1e-5)
    assert np.array_equal(embed_whole(plain, [noise]), plain.embed([noise]))


# -- HEAR ------------------------------------------------------------------------------------------


def test_scenes_by_hand(models):
    hear = Hear("stranger_models", gain=2.0)
    assert (hear.sample_rate, hear.dim, hear.equal_length) == (16000, 3, True)
    (vector,) = hear.embed([RAMP])
    assert vector == pytest.approx([0.2, 2 * np.sqrt(np.mean(RAMP**2)), 2 / 999], rel=1e-5)


def test_frames_come_in_seconds(models):
    hear = Hear("stranger_models")
    assert isinstance(hear, FrameEmbedder)
    clips = [RAMP, RAMP[::-1].copy()]
    (vectors, times), (turned, _) = hear.embed_frames(clips)
    assert times.dtype == np.float64
    assert times == pytest.approx([0.01, 0.03, 0.05])
    assert vectors[:, 0] == pytest.approx(RAMP[:960].reshape(3, 320).mean(axis=1), rel=1e-4)
    assert turned[0, 0] == pytest.approx(RAMP[-320:].mean(), rel=1e-4)


def test_weights_reach_load_model(models, tmp_path):
    (tmp_path / "gain.txt").write_text("3")
    scaled = Hear("stranger_models", str(tmp_path / "gain.txt")).embed([RAMP])
    assert scaled == pytest.approx(3 * Hear("stranger_models").embed([RAMP]), rel=1e-6)


def test_frames_of_another_size_than_scenes_are_not_offered(models, module):
    model = models.HearModel()
    model.timestamp_embedding_size = 5
    names = {"load_model": lambda model_file_path="": model, "get_scene_embeddings": models.get_scene_embeddings}
    assert not isinstance(Hear(module(**names, get_timestamp_embeddings=None)), FrameEmbedder)
    assert not isinstance(Hear(module(**names)), FrameEmbedder)


def test_a_tensorflow_module_is_handed_tensors(module, monkeypatch):
    """Without TensorFlow: what stands for it here is told apart in the same way."""

    class Tensor:
        def __init__(self, array):
            self.array = array

        def numpy(self):
            return self.array

    fake = types.ModuleType("tensorflow")
    fake.Module, fake.convert_to_tensor = type("Module", (), {}), Tensor
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    model = type("Model", (fake.Module,), {"sample_rate": 16000, "scene_embedding_size": 1})()
    named = module(
        load_model=lambda model_file_path="": model,
        get_scene_embeddings=lambda audio, _: Tensor(audio.array.mean(axis=1, keepdims=True)),
    )
    assert Hear(named).embed([RAMP])[0] == pytest.approx([0.1], rel=1e-4)


def broken_hear(models, what):
    model = models.HearModel()
    names = {
        "load_model": lambda model_file_path="": model,
        "get_scene_embeddings": models.get_scene_embeddings,
        "get_timestamp_embeddings": models.get_timestamp_embeddings,
    }
    if what == "no load_model":
        names["load_models"] = names.pop("load_model")
    elif what == "no scenes":
        del names["get_scene_embeddings"]
    elif what == "no module":
        names["load_model"] = lambda model_file_path="": "a model"
    elif what == "size as text":
        model.scene_embedding_size = "3"
    elif what == "no rate":
        names["load_model"] = lambda model_file_path="": torch.nn.Module()
    elif what == "another size":
        names["get_scene_embeddings"] = lambda audio, model: audio[:, :5]
    elif what == "times lost":
        names["get_timestamp_embeddings"] = lambda audio, model: models.get_scene_embeddings(audio, model)
    elif what == "times too few":
        names["get_timestamp_embeddings"] = lambda audio, model: (
            models.get_timestamp_embeddings(audio, model)[0],
            audio[:, :1],
        )
    return names


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no load_model", r"module 'made_here' has no 'load_model', expected it there\. Did you mean 'load_models'\?"),
        ("no scenes", r"has no 'get_scene_embeddings', expected it there"),
        ("no module", r"answers a builtins\.str, expected a torch\.nn\.Module or a tf\.Module"),
        ("no rate", r"the model has no 'sample_rate', expected it as the HEAR API says"),
        ("size as text", r"scene_embedding_size is '3', expected a whole number above 0"),
        ("another size", r"shape \(1, 5\), expected \(sounds, scene_embedding_size\): \(1, 3\)"),
        ("times lost", r"get_timestamp_embeddings: the answer is a Tensor, expected \(embeddings, timestamps\)"),
        ("times too few", r"the times have shape \(1, 1\), expected \(1, 3\)"),
    ],
)
def test_a_module_that_breaks_the_api(models, module, what, message):
    name = module(**broken_hear(models, what))

    def use():
        hear = Hear(name)
        hear.embed([RAMP])
        hear.embed_frames([RAMP])

    with pytest.raises(EmbedderError, match=message):
        use()


def test_clips_of_several_lengths_are_refused(models):
    with pytest.raises(EmbedderError, match=r"clips of 500 to 1000 samples in one batch, expected one length"):
        Hear("stranger_models").embed([RAMP, RAMP[:500]])


# -- function --------------------------------------------------------------------------------------


def test_a_function_by_hand(models, tmp_path):
    made = Function("stranger_models:loudness_and_tilt", sample_rate=8000, power=2.0)
    assert (made.sample_rate, made.dim) == (8000, 3)
    vectors = made.embed([RAMP, RAMP[:10]])
    assert vectors.dtype == np.float32
    assert vectors[0] == pytest.approx([np.mean(RAMP.astype(float) ** 2), 8000 / 999, 1000], rel=1e-6)
    assert vectors[1, 2] == 10
    (tmp_path / "factor").write_text("4")
    weighed = Function("stranger_models:loudness_and_tilt", str(tmp_path / "factor"), power=2.0).embed([RAMP])
    assert weighed[0, 0] == pytest.approx(4 * vectors[0, 0])


def test_dim_that_is_given_is_not_asked_for(models, module):
    calls = []
    name = module(f=lambda audio, rate: (calls.append(rate), np.zeros(2))[1])
    assert Function(f"{name}:f", dim=2).dim == 2
    assert calls == []
    Function(f"{name}:f", sample_rate=4000)
    assert calls == [4000]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("forgets_to_answer", r"it answers nothing, expected a vector\. Is a `return` missing\?"),
        ("in_words", r"the answer is of type <U4, expected real numbers"),
        ("one_number_a_second", r"shape \(1,\), expected one vector, of the same length for every clip: \(2\)"),
        ("loudnes_and_tilt", r"has no 'loudnes_and_tilt'.*Did you mean 'loudness_and_tilt'\?"),
        ("MODEL_NAMES", r"stranger_models:MODEL_NAMES is a list, expected something that can be called"),
    ],
)
def test_a_function_that_is_none(models, function, message):
    with pytest.raises(EmbedderError, match=message):
        Function(f"stranger_models:{function}").embed([RAMP])


# -- MTEB ------------------------------------------------------------------------------------------


def test_an_mteb_encoder_by_hand(models):
    made = Mteb("stranger_models:MtebEncoder", device="cpu", scale=2.0)
    assert (made.sample_rate, made.dim, made.equal_length) == (8000, 3, True)
    assert models.MODEL_NAMES == ["MtebEncoder", None, "cpu"]
    vectors = made.embed([RAMP, RAMP[:500]])
    assert vectors[0] == pytest.approx([1.4, 2 * np.sqrt(np.mean(RAMP**2)), 0.2], rel=1e-5)
    assert vectors[1, 0] == pytest.approx(1.0)
    Mteb("stranger_models:MtebEncoder", model_name="org/model", revision="abc", device="cpu")
    assert models.MODEL_NAMES[:2] == ["org/model", "abc"]


def test_an_encoder_that_is_made_already(models, module):
    name = module(encoder=models.MtebEncoder("x", None), classless=object())
    assert Mteb(f"{name}:encoder").embed([RAMP]).shape == (1, 3)
    with pytest.raises(EmbedderError, match=r"is made already and takes no scale\. Name its class instead"):
        Mteb(f"{name}:encoder", scale=2.0)
    with pytest.raises(EmbedderError, match=r"made_here:classless is a object, expected something that can be called"):
        Mteb(f"{name}:classless")


def test_an_encoder_without_a_rate(models):
    with pytest.raises(EmbedderError, match=r"names no sampling_rate.*Give `sample_rate` in kwargs"):
        Mteb("stranger_models:Rateless")


# -- X-ARES ----------------------------------------------------------------------------------------


def test_an_xares_encoder_by_hand(models):
    made = Xares("stranger_models:XaresEncoder", offset=1.0)
    assert (made.sample_rate, made.dim) == (16000, 2)
    ((vectors, times),) = made.embed_frames([RAMP[:320]])
    assert times == pytest.approx([0.005, 0.015])
    assert vectors == pytest.approx(
        np.array([[1 + np.abs(RAMP[:160]).mean(), RAMP[0]], [1 + np.abs(RAMP[160:320]).mean(), RAMP[160]]]), rel=1e-5
    )
    assert made.embed([RAMP[:320]])[0] == pytest.approx(vectors.mean(axis=0), rel=1e-6)


def test_an_xares_encoder_that_is_none(models, module):
    with pytest.raises(EmbedderError, match=r"it makes a object, expected a torch\.nn\.Module"):
        Xares(f"{module(Encoder=object)}:Encoder")
    with pytest.raises(EmbedderError, match=r"the encoder has no 'sampling_rate', expected it as X-ARES says"):
        Xares("stranger_models:HearModel")


# -- what they share -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ADAPTERS)
def test_arguments_that_do_not_fit(models, kind):
    with pytest.raises(EmbedderError, match=r"the arguments do not fit: .*'layer'\. It takes .*Mend `kwargs`"):
        ADAPTERS[kind](MODEL[kind], layer=3)


@pytest.mark.parametrize("kind", ["hear", "mteb", "xares"])
def test_an_unknown_device(models, kind):
    with pytest.raises(EmbedderError, match=r"device is 'tpu', expected one of auto, cpu, cuda"):
        ADAPTERS[kind](MODEL[kind], device="tpu")


@pytest.mark.parametrize("kind", ADAPTERS)
@pytest.mark.parametrize(("name", "value"), [("min_seconds", "half"), ("window_seconds", -1), ("tolerance", None)])
def test_declarations_that_are_no_numbers(models, kind, name, value):
    with pytest.raises(
        EmbedderError, match=rf"{name} is {value!r}, expected a finite number, 0 or more\. Mend `kwargs`"
    ):
        ADAPTERS[kind](MODEL[kind], **{name: value})


def test_a_flag_that_is_text(models):
    """Any text is true, "no" and "False" among them."""
    with pytest.raises(EmbedderError, match=r"in_workers is 'no', expected True or False"):
        Function("stranger_models:loudness_and_tilt", in_workers="no")
    with pytest.raises(EmbedderError, match=r"equal_length is 'False', expected True or False"):
        Mteb("stranger_models:MtebEncoder", device="cpu", equal_length="False")
