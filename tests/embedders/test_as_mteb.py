"""Any embedder as an MTEB encoder: order, rates, channels and lengths, on batches as MTEB makes them."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
import soxr
from torch.utils.data import DataLoader

from embedders.adapters.as_mteb import MtebEncoder
from embedders.adapters.mteb import Mteb
from embedders.base import EmbedderError, MissingExtraError
from embedders.logmel import LogMelStats


def items(*clips, rate=16000):
    return [{"audio": {"array": clip, "sampling_rate": rate}} for clip in clips]


def loader(rows, size):
    return DataLoader(rows, batch_size=size, collate_fn=lambda batch: {"audio": [row["audio"] for row in batch]})


@pytest.fixture
def clips():
    draw = np.random.default_rng(3)
    return [draw.uniform(-0.5, 0.5, n).astype(np.float32) for n in (8000, 12000, 8000, 16000, 9000)]


def test_rows_in_the_order_of_the_loader(clips):
    encoder = MtebEncoder(LogMelStats(), "moodbench/logmel")
    found = encoder.encode(loader(items(*clips), 2), task_metadata=None, hf_split="test", hf_subset="default")
    assert found.dtype == np.float32
    assert found == pytest.approx(LogMelStats().embed(clips), rel=1e-5)
    assert encoder.encode([]).shape == (0, 128)


def test_rates_and_channels(clips):
    stereo = np.stack([clips[3], np.zeros_like(clips[3])]).astype(np.float64)
    found = MtebEncoder(LogMelStats(), "x").encode(loader(items(stereo, rate=32000), 1))
    mono = soxr.resample(0.5 * clips[3], 32000, 16000, quality="HQ").astype(np.float32)
    assert found == pytest.approx(LogMelStats().embed([mono]), rel=1e-5)


@pytest.mark.parametrize(
    ("clip", "told"),
    [
        (np.full(8000, 9000, np.int16), r"shape \(8000,\) and type int16.*Divide 16-bit samples by 32768"),
        (np.zeros((8000, 2), np.float32), r"shape \(8000, 2\).*turn \(samples, channels\) round"),
        (np.zeros((1, 2, 8000), np.float32), r"shape \(1, 2, 8000\)"),
    ],
)
def test_audio_in_another_layout_is_refused(clip, told):
    """It would be embedded as noise beyond full scale, or as a clip of two samples."""
    with pytest.raises(EmbedderError, match=told):
        MtebEncoder(LogMelStats(), "x").encode([{"audio": [items(clip)[0]["audio"]]}])


def test_a_table_of_pandas_is_read_by_its_order(clips):
    rows = pd.DataFrame({"audio": [row["audio"] for row in items(*clips)]}, index=[7, 3, 9, 0, 1])
    found = MtebEncoder(LogMelStats(), "x").encode([rows])
    assert found == pytest.approx(LogMelStats().embed(clips), rel=1e-5)


def test_clips_of_one_length_at_a_time_where_that_is_declared(clips, fakes):
    model = importlib.import_module("small_embedders").OneLength()
    assert model.sample_rate == 8000
    found = MtebEncoder(model, "x").encode(loader(items(*clips, rate=8000), 5))
    assert found == pytest.approx(np.stack([model.one(clip) for clip in clips]))


def test_there_and_back_again(clips, fakes):
    """An MTEB encoder as an embedder, as an MTEB encoder."""
    inner = Mteb("stranger_models:MtebEncoder", device="cpu")
    found = MtebEncoder(inner, "x").encode(loader(items(*clips, rate=8000), 3))
    assert found[:, 0] == pytest.approx([np.abs(clip).max() for clip in clips])


def test_cosines_by_hand():
    encoder = MtebEncoder(LogMelStats(), "x")
    a, b = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [3.0, 4.0]])
    assert encoder.similarity(a, b) == pytest.approx(np.array([[0.0, 0.6], [0.8, 1.0]]))
    assert encoder.similarity_pairwise(a, b) == pytest.approx([0.0, 1.0])
    assert encoder.similarity(np.zeros((1, 2)), b) == pytest.approx(np.zeros((1, 2)))


def test_text_is_refused():
    with pytest.raises(EmbedderError, match=r"a batch holds text, expected 'audio'"):
        MtebEncoder(LogMelStats(), "x").encode([{"text": ["a"]}])


def test_the_model_card():
    encoder = MtebEncoder(LogMelStats(), "moodbench/logmel")
    if find_spec("mteb") is None:
        with pytest.raises(MissingExtraError, match=r"cannot import 'mteb'.*pip install mteb"):
            _ = encoder.mteb_model_meta
    else:
        assert encoder.mteb_model_meta.name == "moodbench/logmel"
