"""musicnn against the same network written out in numpy, and against what real music sounds like."""

from __future__ import annotations

import functools
import io
import zipfile

import numpy as np
import pytest
import soundfile
import soxr
import torch

from benchmark.check import check_embedder
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.musicnn import TAGS, Musicnn
from embedders.musicnn.embedder import OUTPUTS, window_starts
from embedders.musicnn.frontend import LogMel
from embedders.musicnn.network import Network, arrays, load_network


@pytest.fixture(scope="module")
def random_arrays():
    """Arrays of the right layout, so drawn that no layer dies or overflows."""
    generator = np.random.default_rng(8)
    drawn = {}
    for name, view in arrays(Network()).items():
        shape = tuple(view.shape)
        if name.endswith("kernel"):
            value = generator.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape)
        else:
            low, high = {"gamma": (-1, 1.5), "moving_variance": (0.5, 2)}.get(name.split("/")[1], (-0.3, 0.3))
            value = generator.uniform(low, high, shape)
        drawn[name] = value.astype(np.float32)
    return drawn


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory, random_arrays):
    path = tmp_path_factory.mktemp("musicnn") / "random.npz"
    np.savez(path, **random_arrays)
    return path


@pytest.fixture(scope="module")
def published(data_folder):
    return data_folder / "weights" / CATALOG["musicnn"].weights.file


def glide(samples, seed=4):
    sweep = np.sin(2 * np.pi * np.cumsum(np.linspace(60, 6000, samples)) / 16000)
    return (0.4 * sweep + 0.02 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


# -- the same by hand: TensorFlow's layout (time, frequency, channel), one window, float64 ---------


def by_hand(weights, spectrum):
    """The penultimate layer and the tag probabilities of one window of shape (187, 96)."""
    of = {name: array.astype(np.float64) for name, array in weights.items()}

    def norm(x, place):
        name = f"batch_normalization_{place}" if place else "batch_normalization"
        scale = of[f"{name}/gamma"] / np.sqrt(of[f"{name}/moving_variance"] + 0.001)
        return (x - of[f"{name}/moving_mean"]) * scale + of[f"{name}/beta"]

    def convolve(x, place):
        name = f"conv2d_{place}" if place else "conv2d"
        kernel = of[f"{name}/kernel"][:, :, 0, :]
        frames, bands, filters = kernel.shape
        before = (frames - 1) // 2
        padded = np.pad(x, ((before, frames - 1 - before), (0, 0)))
        patches = np.lib.stride_tricks.sliding_window_view(padded, (frames, bands))
        answer = patches.reshape(*patches.shape[:2], -1) @ kernel.reshape(-1, filters) + of[f"{name}/bias"]
        return norm(np.maximum(answer, 0), place + 1)

    normed = norm(spectrum[:, :, None], 0)[:, :, 0]
    front = np.concatenate([convolve(normed, place).max(axis=1) for place in range(5)], axis=1)
    first = convolve(front, 5)[:, 0]
    second = first + convolve(first, 6)[:, 0]
    third = second + convolve(second, 7)[:, 0]
    hidden = np.concatenate([front, first, second, third], axis=1)
    pooled = np.column_stack([hidden.max(axis=0), hidden.mean(axis=0)]).reshape(-1)  # max, mean, max, mean …
    dense = norm(np.maximum(norm(pooled, 9) @ of["dense/kernel"] + of["dense/bias"], 0), 10)
    return dense, 1 / (1 + np.exp(-(dense @ of["dense_1/kernel"] + of["dense_1/bias"])))


def slaney(hertz):
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / np.log(6.4))


def log_mel_by_hand(clip):
    """Frames of 512 samples every 256 about their centres, Hann, 96 Slaney bands of equal area."""
    padded = np.pad(clip.astype(np.float64), 256, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 512)[::256]
    power = np.abs(np.fft.rfft(frames * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)))) ** 2
    bins = np.linspace(0, 8000, 257)
    mels = np.linspace(0, slaney(np.array(8000.0)), 98)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    bank = [np.interp(bins, edges[i : i + 3], [0, 2 / (edges[i + 2] - edges[i]), 0]) for i in range(96)]
    return np.log10(1 + 10000 * power @ np.array(bank).T)


def test_log_mel_against_numpy():
    clip = glide(20000)
    ours = LogMel()(torch.from_numpy(clip)).numpy()
    assert ours.shape == (79, 96)
    np.testing.assert_allclose(ours, log_mel_by_hand(clip), atol=2e-4)
    assert not LogMel()(torch.zeros(1024)).any()


def test_network_against_numpy(random_arrays, random_weights):
    spectrum = log_mel_by_hand(glide(48000))[:187].astype(np.float32)
    with torch.inference_mode():
        ours = load_network(random_weights)(torch.from_numpy(spectrum)[None])
    for found, wanted in zip(ours, by_hand(random_arrays, spectrum), strict=True):
        np.testing.assert_allclose(found[0].numpy(), wanted, atol=2e-5)


@pytest.mark.realdata
def test_published_weights_against_numpy(published):
    with np.load(published, allow_pickle=False) as content:
        weights = dict(content)
    clip = glide(48000)
    penultimate, tags = by_hand(weights, log_mel_by_hand(clip)[:187])
    vector, probabilities = (Musicnn(published, output=each, device="cpu").embed([clip])[0] for each in OUTPUTS)
    np.testing.assert_allclose(vector, penultimate, atol=1e-3)
    np.testing.assert_allclose(probabilities, tags, atol=1e-4)


def test_parameters_are_those_of_the_row():
    trained = sum(parameter.numel() for parameter in Network().parameters())
    assert trained == CATALOG["musicnn"].parameters == CATALOG["musicnn_tags"].parameters == 787_159


@pytest.mark.parametrize(
    ("samples", "starts"),
    [
        (48000, [0]),  # 188 frames
        (48001, [0, 1]),  # a sample more: the second window ends with the clip
        (96000, [0, 187]),
        (100000, [0, 187, 204]),  # 391 frames
        (144000, [0, 187, 375]),  # 48000 samples are 187.5 frames
    ],
)
def test_windows_cover_the_clip(samples, starts):
    assert window_starts(samples) == starts
    assert 0 <= 1 + samples // 256 - (starts[-1] + 187) <= 2  # frames after the last window


def test_a_vector_is_the_mean_of_its_windows(random_arrays, random_weights):
    clips = [glide(100000), glide(48000, seed=5)]
    model = Musicnn(random_weights, output="taggram", device="cpu")
    vectors, frames = model.embed(clips), model.embed_frames(clips)
    assert vectors.shape == (2, 50)
    spectrum = log_mel_by_hand(clips[0])
    wanted = np.mean([by_hand(random_arrays, spectrum[start : start + 187])[1] for start in (0, 187, 204)], axis=0)
    np.testing.assert_allclose(vectors[0], wanted, atol=1e-4)
    np.testing.assert_allclose(frames[0][1], [93 * 0.016, 280 * 0.016, 297 * 0.016])
    np.testing.assert_array_equal(frames[1][0][0], vectors[1])
    assert model.embed([]).shape == (0, 50)


@pytest.mark.parametrize(("name", "long_seconds"), [("musicnn", 60.0), ("musicnn_tags", 5.0)])
def test_contract(name, long_seconds, random_weights):
    make = functools.partial(Musicnn, random_weights, device="cpu", **CATALOG[name].kwargs)
    report = check_embedder(make, long_seconds=long_seconds)
    report.raise_on_failure()
    assert {"frames", "batch mates"} <= {finding.name for finding in report.findings}


@pytest.mark.realdata
def test_classical_and_rock_are_heard(data_folder, published):
    clips = []
    with zipfile.ZipFile(data_folder / "manual" / "emotifymusic.zip") as archive:
        for track in ("classical/1.ogg", "rock/1.ogg"):
            samples, rate = soundfile.read(io.BytesIO(archive.read(f"emotifymusic/{track}")), dtype="float32")
            clips.append(soxr.resample(samples, rate, 16000, quality="HQ"))
    tags = Musicnn(published, output="taggram", device="cpu").embed(clips)
    classical, rock = tags[:, TAGS.index("classical")], tags[:, TAGS.index("rock")]
    assert classical[0] > 0.5 > classical[1]
    assert rock[1] > 0.3 > rock[0]


def test_the_tags_are_fifty_different_ones():
    assert len(TAGS) == len(set(TAGS)) == CATALOG["musicnn_tags"].dim == 50


def test_other_files_are_refused(tmp_path, random_arrays, random_weights):
    def load(**changed):
        held = {name: array for name, array in {**random_arrays, **changed}.items() if array is not None}
        np.savez(tmp_path / "other.npz", **held)
        load_network(tmp_path / "other.npz")

    with pytest.raises(EmbedderError, match=r"musicnn: .*other\.npz: dense/bias is missing\. Expected the arrays of"):
        load(**{"dense/bias": None})
    with pytest.raises(EmbedderError, match=r"dense/bias is float32 \(100,\) instead of float32 \(200,\)"):
        load(**{"dense/bias": np.zeros(100, np.float32)})
    with pytest.raises(EmbedderError, match=r"dense/bias is float64 \(200,\) instead of float32 \(200,\)"):
        load(**{"dense/bias": np.zeros(200)})
    with pytest.raises(EmbedderError, match="extra is not part of the network"):
        load(extra=np.zeros(1, np.float32))
    with pytest.raises(EmbedderError, match=r"cannot be read as plain arrays .*Expected an \.npz"):
        load(**{"dense/bias": np.array([object()])})
    for name, content in (("cut", random_weights.read_bytes()[:5000]), ("text", b"no arrays"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EmbedderError, match=rf"musicnn: .*{name} cannot be read as plain arrays"):
            load_network(tmp_path / name)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(EmbedderError, match=r"one\.npy cannot be read as plain arrays"):
        load_network(tmp_path / "one.npy")
    with pytest.raises(EmbedderError, match=r"no weights at .*absent"):
        Musicnn(tmp_path / "absent", device="cpu").embed([glide(48000)])


def test_wrong_arguments_and_short_clips_are_refused(random_weights):
    with pytest.raises(EmbedderError, match="output is 'logits', expected one of penultimate, taggram"):
        Musicnn(random_weights, output="logits")
    with pytest.raises(EmbedderError, match="device is 'tpu', expected one of auto, cpu, cuda"):
        Musicnn(random_weights, device="tpu")
    with pytest.raises(EmbedderError, match="clip 0 has 47999 samples, expected at least 48000"):
        Musicnn(random_weights).embed([glide(47999)])
