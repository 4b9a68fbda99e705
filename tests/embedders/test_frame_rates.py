"""The stated steps a second are those that embedders answer, or those of their own constants."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from embedders.base import FrameEmbedder
from embedders.catalog import CATALOG
from embedders.frame_rates import frame_rate
from embedders.hub import MODULES

SECONDS = 30.0
BY_HAND = {  # from the papers' and the modules' own words
    "byol_s_cvt_512": 6.25,
    "congruformer_transformer": 22050 / 256,
    "hubert_base": 50.0,
    "mert_95m": 75.0,
    "whisper_tiny_encoder": 50.0,
    "ast_audioset": 10.0,
    "yamnet": 1 / 0.48,
    "vggish": 1 / 0.96,
    "trill": 1 / 0.17,
    "emotion2vec_base": 50.0,
    "panns_cnn14": 3.125,
    "panns_cnn14_16k": 3.125,
    "panns_cnn6": 6.25,
    "opensmile_is09_lld": 100.0,
    "opensmile_is09": None,
    "trillsson1": None,
    "clap_htsat_unfused": None,
    "chance": None,
    "handcrafted_127": None,
}


@pytest.mark.parametrize(("row", "wanted"), BY_HAND.items())
def test_by_hand(row, wanted):
    assert frame_rate(CATALOG[row]) == pytest.approx(wanted)


def test_every_row_that_answers_frames_has_a_rate():
    for name, entry in CATALOG.items():
        module, _, factory = entry.factory.partition(":")
        made = getattr(importlib.import_module(module), factory)
        if hasattr(made, "embed_frames") and not frame_rate(entry):
            assert not isinstance(made(**entry.kwargs), FrameEmbedder), name


def test_the_rates_of_hub_modules_are_those_of_their_frames():
    for name, module in MODULES.items():
        assert frame_rate(CATALOG[name]) == (16000 / module.hop if module.hop else None)


@pytest.mark.realdata
@pytest.mark.parametrize("row", ["byol_s_512", "musicnn", "speech_embedding"])
def test_real_networks_answer_so_many_frames(row, data_folder):
    entry = CATALOG[row]
    weights = data_folder / "weights" / entry.weights.file
    module, _, factory = entry.factory.partition(":")
    fixed = {"statistics": [-8.0, 4.0]} if row == "byol_s_512" else {}
    embedder = getattr(importlib.import_module(module), factory)(**{**entry.kwargs, **fixed}, weights=weights)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, int(SECONDS * entry.sample_rate)).astype(np.float32)
    ((vectors, times),) = embedder.embed_frames([noise])
    assert len(vectors) == pytest.approx(SECONDS * frame_rate(entry), abs=10)
    assert np.diff(times)[:-1] == pytest.approx(1 / frame_rate(entry), rel=0.01)
