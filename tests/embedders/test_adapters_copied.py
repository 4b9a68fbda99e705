"""Adapters are copied and pickled, as scikit-learn does with what stands in a pipeline, before and after they embed."""

from __future__ import annotations

import copy
import functools
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from benchmark import EmbedderTransformer, paths
from embedders.adapters.as_hear import as_hear
from embedders.adapters.function import Function
from embedders.adapters.hear import Hear
from embedders.adapters.mteb import Mteb
from embedders.adapters.xares import Xares
from embedders.base import EmbedderError, FrameEmbedder
from embedders.logmel import LogMelStats

MAKE = {
    "hear": functools.partial(Hear, "stranger_models", gain=2.0),
    "function": functools.partial(Function, "stranger_models:loudness_and_tilt"),
    "mteb": functools.partial(Mteb, "stranger_models:MtebEncoder", device="cpu"),
    "xares": functools.partial(Xares, "stranger_models:XaresEncoder"),
}
CLIPS = list(np.random.default_rng(5).uniform(-0.5, 0.5, (8, 1000)).astype(np.float32))


@pytest.mark.parametrize("kind", MAKE)
def test_copied_and_pickled_before_and_after_it_embeds(models, kind):
    given = MAKE[kind]()
    wanted = MAKE[kind]().embed(CLIPS)
    for _ in range(2):
        for again in (copy.deepcopy(given), pickle.loads(pickle.dumps(given))):
            np.testing.assert_array_equal(again.embed(CLIPS), wanted)
            assert isinstance(again, FrameEmbedder) == isinstance(given, FrameEmbedder)
        given.embed(CLIPS)


def test_a_copy_of_a_hear_row_has_its_own_model(models):
    given = MAKE["hear"]()
    again = copy.deepcopy(given)
    again._model.gain = 0.0
    assert not again.embed(CLIPS).any()
    assert not again.embed_frames(CLIPS)[0][0].any(), "its frames are its own, too"
    assert given.embed(CLIPS).any()


def test_a_hear_row_in_scikit_learn(models):
    labels = [0, 1] * 4
    pipeline = make_pipeline(EmbedderTransformer(MAKE["hear"]()), LogisticRegression())
    cross_val_score(pipeline, CLIPS, labels, cv=2, error_score="raise")
    fitted = clone(pipeline).fit(CLIPS, labels)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(CLIPS), fitted.predict_proba(CLIPS))


def test_a_pickle_is_opened_in_another_process(models, fakes, tmp_path):
    (tmp_path / "hear.pickle").write_bytes(pickle.dumps(MAKE["hear"]()))
    np.save(tmp_path / "clips.npy", CLIPS)
    program = (
        "import pickle, sys, numpy as np; from pathlib import Path; folder = Path(sys.argv[1]);"
        "made = pickle.loads((folder / 'hear.pickle').read_bytes());"
        "np.save(folder / 'vectors.npy', made.embed(list(np.load(folder / 'clips.npy'))))"
    )
    environment = {"PYTHONPATH": f"{paths.ROOT}:{fakes}"}
    subprocess.run([sys.executable, "-c", program, tmp_path], env=environment, check=True, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), MAKE["hear"]().embed(CLIPS), rtol=1e-6)


def test_a_module_made_by_as_hear_is_one_more(module):
    functions = as_hear(LogMelStats)
    given = Hear(module(**functions._asdict()))
    for again in (copy.deepcopy(given), pickle.loads(pickle.dumps(given))):
        np.testing.assert_array_equal(again.embed(CLIPS), given.embed(CLIPS))


def test_a_model_that_cannot_be_copied_says_so_in_one_line(models, module, monkeypatch):
    model = models.HearModel()
    model.held = (each for each in ())
    names = {"load_model": lambda model_file_path="": model, "get_scene_embeddings": models.get_scene_embeddings}
    given = Hear(module(**names))
    told = (
        r"^hear made_here: its HearModel cannot be copied \(TypeError: cannot pickle 'generator' object\), expected one"
    )
    with pytest.raises(EmbedderError, match=told):
        clone(EmbedderTransformer(given))
    with pytest.raises(TypeError, match="cannot pickle 'generator' object"):
        pickle.dumps(given)


def test_a_model_of_tensorflow_that_cannot_be_pickled_says_so_in_one_line(module, monkeypatch):
    """Without TensorFlow: what stands for it here is told apart in the same way."""
    fake = types.ModuleType("tensorflow")
    fake.Module = type("Module", (), {})
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    model = type("Model", (fake.Module,), {"sample_rate": 16000, "scene_embedding_size": 1})()
    given = Hear(module(load_model=lambda model_file_path="": model, get_scene_embeddings=None))
    with pytest.raises(
        EmbedderError, match=r"hear made_here: its Model cannot be pickled \(PicklingError.*expected one"
    ):
        pickle.dumps(given)
    assert copy.deepcopy(given).dim == 1
