"""Hand-made features against numpy's own sums, scipy's moments, torchaudio's mel bands, and by hand."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.fft
import scipy.stats
import torchaudio

librosa = pytest.importorskip("librosa", reason="the extra 'features' is not installed")

from benchmark.check import check_embedder  # noqa: E402
from embedders.base import EmbedderError, MissingExtraError  # noqa: E402
from embedders.catalog import CATALOG  # noqa: E402
from embedders.handcrafted import FmaFeatures, GenreFeatures, MoodFeatures  # noqa: E402
from embedders.handcrafted.genre import harmonic_and_percussive  # noqa: E402
from embedders.handcrafted.moments import MOMENTS, moments  # noqa: E402

ALL = [MoodFeatures, FmaFeatures, GenreFeatures]
QUARTERS = [0.25, 0.5, 0.75]


def sound(rate, seconds=1.0):
    """A gliding tone in noise, with a silent end."""
    time = np.arange(round(rate * seconds)) / rate
    glide = 0.4 * np.sin(2 * np.pi * (300 + 900 * time) * time)
    noise = 0.02 * np.random.default_rng(8).standard_normal(len(time))
    return ((glide + noise) * (time < 0.9 * seconds)).astype(np.float32)


def frames_of(clip, size, hop, mode):
    padded = np.pad(clip.astype(np.float64), size // 2, mode=mode)
    return np.stack([padded[start : start + size] for start in range(0, len(padded) - size + 1, hop)])


def spectrum(clip, size, hop):
    """Magnitudes (frames, bins) of centred frames under a periodic Hann window."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.abs(np.fft.rfft(frames_of(clip, size, hop, "constant") * hann, axis=1))


def shapes(magnitude, rate):
    """Centroid, bandwidth and roll-off (85 %) in Hz, frame by frame."""
    hertz = np.linspace(0, rate / 2, magnitude.shape[1])
    total = magnitude.sum(axis=1)
    share = magnitude / np.where(total > 0, total, 1)[:, None]
    centroid = share @ hertz
    bandwidth = np.sqrt((share * (hertz - centroid[:, None]) ** 2).sum(axis=1))
    rolloff = np.array([hertz[np.searchsorted(np.cumsum(row), 0.85 * row.sum())] for row in magnitude])
    return centroid, bandwidth, rolloff


def crossings(clip, size, hop):
    negative = frames_of(clip, size, hop, "edge") < 0
    return (negative[:, 1:] != negative[:, :-1]).sum(axis=1) / size


def named(cls, clip):
    return dict(zip(cls.names, cls().embed([clip])[0].tolist(), strict=True))


def test_names_and_their_order():
    for cls in ALL:
        assert len(set(cls.names)) == len(cls.names) == cls.dim
    assert MoodFeatures.names[:6] == (
        *(f"zero_crossing_rate_{s}" for s in ("mean", "std", "p25", "p50", "p75")),
        "rms_mean",
    )
    assert MoodFeatures.names[35] == "chroma_01_mean"
    assert MoodFeatures.names[95] == "tonnetz_01_mean"
    assert MoodFeatures.names[125:] == ("tempo", "onset_rate")
    # the first and last columns of the dataset's own table
    assert FmaFeatures.names[:2] == ("chroma_cens_kurtosis_01", "chroma_cens_kurtosis_02")
    assert FmaFeatures.names[84] == "chroma_cqt_kurtosis_01"
    assert FmaFeatures.names[-1] == "zcr_std_01"
    assert GenreFeatures.names[:2] == ("mfcc_01_mean", "mfcc_01_std")
    assert GenreFeatures.names[140] == "tonnetz_01_mean"
    assert GenreFeatures.names[-2:] == ("percussive_power_max", "tempo")


def test_series_of_127_against_numpy():
    clip = sound(16000)
    found, magnitude = named(MoodFeatures, clip), spectrum(clip, 512, 256)
    centroid, bandwidth, rolloff = shapes(magnitude, 16000)
    power = np.maximum(magnitude**2, 1e-10)
    total = magnitude.sum(axis=1, keepdims=True)
    share = magnitude / np.where(total > 0, total, 1)
    wanted = {
        "zero_crossing_rate": crossings(clip, 512, 256),
        "rms": np.sqrt((frames_of(clip, 512, 256, "constant") ** 2).mean(axis=1)),
        "centroid": centroid / 8000,
        "bandwidth": bandwidth / 8000,
        "rolloff": rolloff / 8000,
        "flatness": np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1),
        "flux": np.array([0, *np.sqrt((np.diff(share, axis=0) ** 2).sum(axis=1))]) / np.sqrt(2),
    }
    for name, series in wanted.items():
        low, middle, high = np.quantile(series, QUARTERS)
        figures = {"mean": series.mean(), "std": series.std(), "p25": low, "p50": middle, "p75": high}
        for statistic, value in figures.items():
            assert found[f"{name}_{statistic}"] == pytest.approx(value, rel=2e-4, abs=1e-6), (name, statistic)


def test_pitch_classes_by_hand():
    time = np.arange(16000) / 16000
    found = named(MoodFeatures, (0.5 * np.sin(2 * np.pi * 1760 * time)).astype(np.float32))  # A, the tenth class from C
    assert found["chroma_10_p50"] == 1
    assert max(found[f"chroma_{place:02d}_p50"] for place in range(1, 13) if place != 10) < 0.7
    # a circle of fifths: a weighted mean of the angles of the classes, each a step of 7/6 pi
    chroma = librosa.feature.chroma_stft(S=spectrum(sound(16000), 512, 256).T ** 2, sr=16000, n_fft=512, tuning=0.0)
    share = chroma / np.maximum(chroma.sum(axis=0), 1e-12)
    step = np.arange(12)
    circles = [(1.0, 7 / 6), (1.0, 3 / 2), (0.5, 2 / 3)]
    rows = [r * f(np.pi * turn * step) @ share for r, turn in circles for f in (np.sin, np.cos)]
    bounds = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    found = named(MoodFeatures, sound(16000))
    for place, (row, bound) in enumerate(zip(rows, bounds, strict=True), start=1):
        assert found[f"tonnetz_{place:02d}_mean"] == pytest.approx(row.mean() / (2 * bound) + 0.5, abs=1e-4)
        assert found[f"tonnetz_{place:02d}_std"] == pytest.approx(row.std() / (2 * bound), abs=1e-4)


@pytest.mark.parametrize(
    ("cls", "beats", "scale"), [(MoodFeatures, 100, 320), (MoodFeatures, 150, 320), (GenreFeatures, 120, 1)]
)
def test_tempo_and_onsets_of_a_click_track(cls, beats, scale):
    rate, seconds = cls.sample_rate, 8
    clip = np.zeros(seconds * rate, np.float32)
    starts = (np.arange(0.1, seconds, 60 / beats) * rate).astype(int)
    for start in starts:
        clip[start : start + rate // 50] = 0.5 * np.random.default_rng(1).standard_normal(rate // 50)
    found = named(cls, clip)
    assert found["tempo"] * scale == pytest.approx(beats, rel=0.04)
    if cls is MoodFeatures:
        assert found["onset_rate"] * 16000 / 256 == pytest.approx(len(starts) / seconds)


def test_silence_by_hand():
    found = named(MoodFeatures, np.zeros(16000, np.float32))
    ones = {"flatness_mean", "flatness_p25", "flatness_p50", "flatness_p75"}
    middle = {f"tonnetz_{p:02d}_{s}" for p in range(1, 7) for s in ("mean", "p25", "p50", "p75")}
    for name, value in found.items():
        if name != "tempo":
            assert value == pytest.approx(1 if name in ones else 0.5 if name in middle else 0), name
    assert found["tempo"] * 320 == pytest.approx(120, rel=0.02)  # librosa's prior, where there is nothing else


def test_moments_against_scipy_and_by_hand():
    series = np.random.default_rng(3).gamma(2.0, size=(4, 91)).astype(np.float32)
    found, exact = moments(series), series.astype(np.float64)
    assert tuple(found) == MOMENTS
    np.testing.assert_allclose(found["skew"], scipy.stats.skew(exact, axis=1), rtol=1e-9)
    np.testing.assert_allclose(found["kurtosis"], scipy.stats.kurtosis(exact, axis=1), rtol=1e-9)
    # mean 1, deviations -1 -1 -1 3: variance 3, third moment 6, fourth 21
    assert {name: values[0] for name, values in moments(np.array([[0.0, 0, 0, 4]])).items()} == pytest.approx(
        {"mean": 1, "std": 3**0.5, "skew": 6 / 3**1.5, "kurtosis": 21 / 9 - 3, "median": 0, "min": 0, "max": 4}
    )
    still = moments(np.array([[0.0, 0, 0], [-100.0, -100, -100.00001]]))
    assert not still["skew"].any()
    assert not still["kurtosis"].any()


def test_series_of_518_against_numpy():
    clip = sound(44100)
    found, magnitude = named(FmaFeatures, clip), spectrum(clip, 2048, 512)
    centroid, bandwidth, rolloff = shapes(magnitude, 44100)
    bank = torchaudio.functional.melscale_fbanks(1025, 0, 22050, 128, 44100, norm="slaney", mel_scale="slaney")
    decibels = 10 * np.log10(np.maximum(magnitude**2 @ bank.numpy().astype(np.float64), 1e-10))
    cepstrum = scipy.fft.dct(np.maximum(decibels, decibels.max() - 80), norm="ortho", axis=1)
    ends = np.where(np.isin(np.arange(1025), [0, 1024]), 0.5, 1.0)  # Parseval for a half spectrum
    wanted = {
        "zcr": crossings(clip, 2048, 512),
        "spectral_centroid": centroid,
        "spectral_bandwidth": bandwidth,
        "spectral_rolloff": rolloff,
        "rmse": np.sqrt(2 * (magnitude**2 * ends).sum(axis=1)) / 2048,
    }
    wanted = {f"{name}_{{}}_01": series for name, series in wanted.items()}
    wanted |= {f"mfcc_{{}}_{place + 1:02d}": cepstrum[:, place] for place in (0, 1, 19)}
    for name, series in wanted.items():
        figures = {"mean": series.mean(), "std": series.std(), "skew": scipy.stats.skew(series)}
        figures |= {"kurtosis": scipy.stats.kurtosis(series), "median": np.median(series)}
        for statistic, value in (figures | {"min": series.min(), "max": series.max()}).items():
            assert found[name.format(statistic)] == pytest.approx(value, rel=1e-3, abs=2e-3), (name, statistic)


def test_harmonic_and_percussive_parts():
    magnitude = spectrum(sound(22050), 2048, 512).T.astype(np.float32)
    ours = harmonic_and_percussive(magnitude, librosa)
    for part, wanted in zip(ours, librosa.decompose.hpss(magnitude), strict=True):
        np.testing.assert_array_equal(part, wanted)
    time = np.arange(2 * 22050) / 22050
    tone = named(GenreFeatures, (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32))
    click = named(GenreFeatures, (np.arange(len(time)) % 11025 == 4000).astype(np.float32))
    assert tone["harmonic_power_mean"] > 50 * tone["percussive_power_mean"]
    assert click["percussive_power_mean"] > 50 * click["harmonic_power_mean"]
    # a full frame of the tone: half the amplitude at three bins, weighted 1, 1/2 and 1/2 by the window's transform
    assert tone["harmonic_power_median"] == pytest.approx((0.5 * 1024 / 2) ** 2 * 1.5 / 1025, rel=0.02)


@pytest.mark.parametrize("name", ["handcrafted_127", "fma_features", "genre_197"])
def test_contract(name):
    (cls,) = [each for each in ALL if each.who == name]
    assert CATALOG[name].factory == f"embedders.handcrafted:{cls.__name__}"
    check_embedder(cls, long_seconds=2.0).raise_on_failure()


@pytest.mark.parametrize("cls", ALL)
def test_a_constant_and_full_scale(cls, recwarn):
    samples = round(cls.min_seconds * cls.sample_rate)
    vectors = cls().embed([np.full(samples, value, np.float32) for value in (0.0, 0.25, 1.0)])
    assert np.isfinite(vectors).all()
    assert not [str(warning.message) for warning in recwarn]
    if cls is MoodFeatures:
        assert vectors.min() >= 0
        assert vectors.max() <= 1
    with pytest.raises(
        EmbedderError, match=f"{cls.who}: clip 0 has {samples - 1} samples, expected at least {samples}"
    ):
        cls().embed([np.zeros(samples - 1, np.float32)])


def test_without_librosa(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingExtraError, match=r"fma_features: librosa is not installed.*'moodbench\[features\]'"):
        FmaFeatures().embed([sound(44100)])
