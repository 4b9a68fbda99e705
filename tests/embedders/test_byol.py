"""BYOL-S from waves to vectors: golden front end, statistics, frames, and what is refused."""

from __future__ import annotations

import io
import math
import zipfile

import numpy as np
import pytest
import soundfile
import torch

from embedders.base import EmbedderError
from embedders.byol import Byol
from embedders.byol.encoder import AudioNTT2020
from embedders.byol.frontend import LogMel
from embedders.byol.statistics import SERAB

NTT = [-5.4919195, 5.0389895]  # the example statistics that the golden values were made with
GOLDEN = {  # window: mean, std, largest value
    400: (-9.8228, 6.5762, 8.5914),
    1024: (-10.9310, 6.1029, 9.8836),
}
EMODB_TRAIN = ("09", "15", "11", "16", "08", "13")


@pytest.fixture(scope="module")
def sine():
    # computed in float32, as the golden values were: the rounding of the phase lifts the bands far from 440 Hz
    return (0.5 * torch.sin(2 * math.pi * 440 * torch.arange(15200) / 16000)).numpy()


@pytest.fixture
def random_weights(tmp_path):
    def save(d=512):
        with torch.random.fork_rng():
            torch.manual_seed(4)
            encoder = AudioNTT2020(d)
        path = tmp_path / f"random_{d}.pth"
        torch.save(encoder.state_dict(), path)
        return path

    return save


def noises(*lengths):
    generator = np.random.default_rng(6)
    return [generator.uniform(-0.5, 0.5, length).astype(np.float32) for length in lengths]


@pytest.mark.parametrize("window", GOLDEN)
def test_golden_front_end(sine, window):
    spectrum = LogMel(window)(torch.from_numpy(sine))
    assert spectrum.shape == (64, 96)
    found = (spectrum.mean().item(), spectrum.std().item(), spectrum.max().item())
    assert found == pytest.approx(GOLDEN[window], abs=2e-4)
    assert spectrum.mean(dim=1).argmax() == 10
    if window == 400:
        np.testing.assert_allclose(spectrum[:6, 48], [-7.900, -7.254, -6.508, -5.662, -4.635, -3.430], atol=1e-3)


def test_silence_is_the_floor():
    assert LogMel(400)(torch.zeros(1120)).unique().tolist() == pytest.approx([-15.9424], abs=1e-4)


@pytest.mark.realdata
def test_golden_vector_of_the_published_weights(data_folder, sine):
    embedder = Byol(data_folder / "weights" / "byol_s_512.pth", statistics=NTT, device="cpu")
    vector = embedder.embed([sine])[0]
    assert vector.sum() == pytest.approx(612.5969, abs=0.01)
    assert np.linalg.norm(vector) == pytest.approx(52.5179, abs=1e-3)
    assert (vector > 0).sum() == 244
    np.testing.assert_allclose(vector[:6], [0, 0.8423, 0, 0, 0, 5.184], atol=1e-3)


@pytest.mark.realdata
def test_emodb_statistics_are_serabs_to_all_digits(data_folder):
    with zipfile.ZipFile(data_folder / "manual" / "download.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".wav")]
        clips = [
            soundfile.read(io.BytesIO(archive.read(name)), dtype="float32")[0]
            for name in names
            if name.rpartition("/")[2][:2] in EMODB_TRAIN
        ]
    embedder = Byol("not needed for statistics", statistics="train")
    embedder.fit_statistics(iter(clips), dataset="emodb")
    record = embedder.statistics_record()
    assert (round(record["mean"], 3), round(record["std"], 3)) == SERAB["emodb"] == (-2.693, 4.103)
    assert record["clips"] == 344
    assert record["source"] == "emodb's audio"


@pytest.mark.parametrize("d", [512, 1024, 2048])
def test_variable_lengths_give_the_vectors_that_the_network_gives_alone(random_weights, d):
    embedder = Byol(random_weights(d), d=d, statistics=NTT, device="cpu")
    clips = noises(1120, 16000, 1279, 9000, 16000, 1280)
    vectors = embedder.embed(clips)
    assert vectors.shape == (6, d)
    network = AudioNTT2020(d).eval()
    network.load_state_dict(torch.load(random_weights(d), weights_only=True))
    for clip, vector in zip(clips, vectors, strict=True):
        with torch.inference_mode():
            spectrum = (LogMel(400)(torch.from_numpy(clip)) - NTT[0]) / NTT[1]
            steps = network(spectrum[None, None])[0]
        expected = (steps.max(dim=0).values + steps.mean(dim=0)).numpy()
        np.testing.assert_allclose(vector, expected, atol=1e-5 * expected.max())


def test_frames_are_eighty_milliseconds_apart_and_make_the_vector(random_weights):
    embedder = Byol(random_weights(), statistics=NTT, device="cpu")
    clips = noises(16000, 1120, 40000)
    vectors = embedder.embed(clips)
    for clip, vector, (steps, times) in zip(clips, vectors, embedder.embed_frames(clips), strict=True):
        assert len(steps) == (1 + len(clip) // 160) // 8
        np.testing.assert_allclose(times, 0.035 + 0.08 * np.arange(len(steps)))
        np.testing.assert_allclose(vector, steps.max(axis=0) + steps.mean(axis=0), rtol=1e-5, atol=1e-6)


def test_the_window_changes_the_vector(random_weights):
    clip = noises(16000)
    short, long = (Byol(random_weights(), win_length=w, statistics=NTT, device="cpu").embed(clip) for w in (400, 1024))
    assert not np.allclose(short, long)


def test_fitted_statistics_by_hand():
    clips = noises(5000, 800, 16000)  # the second is padded to 1120 samples, as it is for embed
    embedder = Byol("absent", statistics="train")
    embedder.fit_statistics(iter(clips), dataset="some")
    spectra = [LogMel(400)(torch.from_numpy(np.r_[c, np.zeros(max(0, 1120 - len(c)), np.float32)])) for c in clips]
    record = embedder.statistics_record()
    assert record["mean"] == pytest.approx(np.mean([spectrum.numpy().mean() for spectrum in spectra]), abs=1e-5)
    assert record["std"] == pytest.approx(np.mean([spectrum.numpy().std(ddof=1) for spectrum in spectra]), abs=1e-5)
    backwards = Byol("absent", statistics="train")
    backwards.fit_statistics(reversed(clips), dataset="some")
    assert backwards.statistics_record() == record


def test_constants_leave_the_audio_unread():
    unread = iter(noises(5000))
    published = Byol("absent", statistics="serab")
    published.fit_statistics(unread, dataset="ravdess@16k")
    assert published.statistics_record() == {
        "mean": -10.320,
        "std": 5.000,
        "source": "SERAB's published constants",
        "clips": 0,
    }
    given = Byol("absent", statistics=[-6, 4.5])
    given.fit_statistics(unread, dataset="ravdess")
    assert (given.statistics_record()["mean"], given.statistics_record()["std"]) == (-6.0, 4.5)
    assert len(list(unread)) == 1
    with pytest.raises(EmbedderError, match=r"no log-mel statistics for 'esc10', only for aesdd, cafe, .*train"):
        published.fit_statistics(iter(()), dataset="esc10")


@pytest.mark.parametrize("statistics", ["test", [1.0], [1.0, "2"], [True, 1.0], 3])
def test_unknown_statistics_are_refused(statistics):
    with pytest.raises(EmbedderError, match=r"statistics is .*expected 'train' .*'serab' .*\[mean, std\]"):
        Byol("absent", statistics=statistics)


@pytest.mark.parametrize("std", [0.0, -1.0, math.nan])
def test_a_std_that_cannot_divide_is_refused(std):
    with pytest.raises(EmbedderError, match="expected finite numbers and a std above 0"):
        Byol("absent", statistics=[0.0, std])


def test_statistics_of_nothing_or_of_silence_are_refused():
    embedder = Byol("absent", statistics="train")
    with pytest.raises(EmbedderError, match="emodb gave no clips"):
        embedder.fit_statistics(iter(()), dataset="emodb")
    with pytest.raises(EmbedderError, match=r"the log-mel of emodb's audio varies by .*silent or constant"):
        embedder.fit_statistics([np.zeros(16000, np.float32)], dataset="emodb")
    with pytest.raises(EmbedderError, match="statistics are not known yet"):
        embedder.embed(noises(16000))


def test_other_bad_input(random_weights, monkeypatch):
    for wrong in ({"d": 500}, {"win_length": 512}, {"device": "tpu"}):
        with pytest.raises(EmbedderError, match=f"{next(iter(wrong))} is .*, expected one of"):
            Byol("absent", **wrong)
    embedder = Byol(random_weights(), statistics=NTT)
    with pytest.raises(EmbedderError, match="clip 0 has 1119 samples, expected at least 1120"):
        embedder.embed(noises(1119))
    with pytest.raises(EmbedderError, match=r"clip 0 has shape \(2000, 2\), expected one dimension"):
        embedder.embed([np.zeros((2000, 2), np.float32)])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EmbedderError, match="torch sees no CUDA device"):
        Byol(random_weights(), statistics=NTT, device="cuda").embed(noises(16000))
