"""PANNs against the same networks written out in numpy, their spectrogram against librosa's; sizes, batches, rows."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark import weights
from benchmark.check import check_embedder
from benchmark.errors import Unavailable
from embedders.base import EmbedderError, FrameEmbedder
from embedders.catalog import CATALOG
from embedders.panns import VARIANTS, Panns
from embedders.panns.frontend import LogMel
from embedders.panns.network import Network, load_network, spectrogram_layout

ROWS = {"panns_cnn14": 80_753_615, "panns_cnn14_16k": 80_753_615, "panns_cnn10": 5_219_279, "panns_cnn6": 4_837_455}
PUBLISHED_ROWS = pytest.mark.parametrize(("row", "published"), ROWS.items())  # parameters, as the paper counts them


def noises(*lengths):
    generator = np.random.default_rng(6)
    return [generator.uniform(-0.5, 0.5, length).astype(np.float32) for length in lengths]


# -- sizes ----------------------------------------------------------------------------------------


def layout_by_hand(channels, kernel, convolutions):
    """Names and shapes of a published network, as its file lists them."""
    shapes = {}

    def norm(name, width):
        shapes.update({f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn0", 64)
    inputs = 1
    for block, outputs in enumerate(channels, start=1):
        for place in range(1, convolutions + 1):
            shapes[f"conv_block{block}.conv{place}.weight"] = (outputs, inputs, kernel, kernel)
            norm(f"conv_block{block}.bn{place}", outputs)
            inputs = outputs
    return shapes | {"fc1.weight": (inputs, inputs), "fc1.bias": (inputs,)}


@PUBLISHED_ROWS
def test_layout_and_sizes_are_the_published_ones(row, published):
    entry = CATALOG[row]
    variant = VARIANTS[entry.kwargs["variant"]]
    with torch.device("meta"):
        network = Network(variant)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    channels, kernel, convolutions = {
        "panns_cnn10": ((64, 128, 256, 512), 3, 2),
        "panns_cnn6": ((64, 128, 256, 512), 5, 1),
    }.get(row, ((64, 128, 256, 512, 1024, 2048), 3, 2))
    assert shapes == layout_by_hand(channels, kernel, convolutions)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert counted == entry.parameters == published - 527 * (entry.dim + 1)
    assert {len(shape) for shape in shapes.values() if shape} == {1, 2, 4}


def test_constants_of_the_spectrogram_are_those_of_the_files():
    for name, bins in {"cnn14": 513, "cnn14_16k": 257, "cnn10": 513, "cnn6": 513}.items():
        fourier = (bins, 1, 2 * (bins - 1))
        assert spectrogram_layout(VARIANTS[name]) == {
            "spectrogram_extractor.stft.conv_real.weight": fourier,
            "spectrogram_extractor.stft.conv_imag.weight": fourier,
            "logmel_extractor.melW": (bins, 64),
        }


@pytest.mark.parametrize(
    ("row", "shortest", "frames"),
    [("panns_cnn14", 0.31, 32), ("panns_cnn14_16k", 0.31, 32), ("panns_cnn10", 0.15, 16), ("panns_cnn6", 0.15, 16)],
)
def test_the_shortest_clip_leaves_one_step(row, shortest, frames):
    model = Panns("absent", **CATALOG[row].kwargs)
    samples = round(model.min_seconds * model.sample_rate)
    assert model.min_seconds == shortest
    spectrum = LogMel(VARIANTS[CATALOG[row].kwargs["variant"]])(torch.zeros(samples))
    assert spectrum.shape == (frames, 64)
    with pytest.raises(EmbedderError, match=f"panns: clip 0 has {samples - 1} samples, expected at least {samples}"):
        model.embed(noises(samples - 1))


# -- the spectrogram -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cnn14", "cnn14_16k"])
def test_spectrogram_is_librosas(name):
    librosa = pytest.importorskip("librosa", reason="the extra 'features' is not installed")
    rate, n_fft, hop, high = {"cnn14": (32000, 1024, 320, 14000), "cnn14_16k": (16000, 512, 160, 8000)}[name]
    fading = np.geomspace(0.9, 1e-5, 9 * rate // 10)
    clip = (fading * np.random.default_rng(4).uniform(-1, 1, len(fading))).astype(np.float32)
    found = LogMel(VARIANTS[name])(torch.from_numpy(clip)).numpy()
    power = librosa.feature.melspectrogram(
        y=clip.astype(np.float64),
        sr=rate,
        n_fft=n_fft,
        hop_length=hop,
        window="hann",
        center=True,
        pad_mode="reflect",
        power=2.0,
        n_mels=64,
        fmin=50,
        fmax=high,
    )
    wanted = librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None).T
    assert found.dtype == np.float32
    assert found.shape == wanted.shape == (91, 64)
    assert wanted.max() - wanted.min() > 80  # so that a cut below the loudest would show
    np.testing.assert_allclose(found, wanted, atol=5e-4)
    assert LogMel(VARIANTS[name])(torch.zeros(rate)).unique().tolist() == [-100]


# -- the same by hand: float64, one clip of shape (channels, frames, bands) -------------------------


def by_hand(variant, state, spectrum):
    """The vector of one spectrogram of shape (frames, 64), every convolution a sum over its places."""
    of = {name: tensor.double().numpy() for name, tensor in state.items()}

    def norm(x, name):
        scale = of[f"{name}.weight"] / np.sqrt(of[f"{name}.running_var"] + 1e-5)
        shift = of[f"{name}.bias"] - of[f"{name}.running_mean"] * scale
        return x * scale[:, None, None] + shift[:, None, None]

    hidden = norm(spectrum.astype(np.float64).T[:, :, None], "bn0").transpose(2, 1, 0)
    around = variant.kernel // 2
    for block in range(1, len(variant.channels) + 1):
        for place in range(1, variant.convolutions + 1):
            name = f"conv_block{block}.conv{place}"
            frames, bands = hidden.shape[1:]
            padded = np.pad(hidden, ((0, 0), (around, around), (around, around)))
            hidden = sum(
                np.tensordot(of[f"{name}.weight"][:, :, i, j], padded[:, i : i + frames, j : j + bands], axes=1)
                for i in range(variant.kernel)
                for j in range(variant.kernel)
            )
            hidden = norm(hidden, f"conv_block{block}.bn{place}").clip(min=0)
        if block <= variant.poolings:
            width, frames, bands = len(hidden), hidden.shape[1] // 2, hidden.shape[2] // 2
            cut = hidden[:, : 2 * frames, : 2 * bands]
            hidden = cut.reshape(width, frames, 2, bands, 2).mean(axis=(2, 4))
    steps = hidden.mean(axis=2)
    return np.maximum(of["fc1.weight"] @ (steps.max(axis=1) + steps.mean(axis=1)) + of["fc1.bias"], 0)


def spectra(*frames):
    generator = np.random.default_rng(5)
    return [generator.normal(-20, 12, (count, 64)).astype(np.float32) for count in frames]


@pytest.mark.parametrize("name", ["tiny", "wide", "cnn10", "cnn6"])
def test_network_against_numpy(name, panns):
    variant = panns.KNOWN[name]
    (spectrum,) = spectra(37)
    with torch.inference_mode():
        found = panns.network_of(variant)(torch.from_numpy(spectrum)[None])[0].numpy()
    wanted = by_hand(variant, panns.random_state(variant), spectrum)
    assert (wanted > 0).any()
    assert (wanted == 0).any()
    np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())


# -- batches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "wide"])
def test_what_lies_behind_a_clips_end_has_no_say(name, panns):
    network = panns.network_of(panns.KNOWN[name])
    own = [torch.from_numpy(each) for each in spectra(4, 5, 6, 7, 16, 41)]
    padded = torch.full((6, 41, 64), 1000.0)
    for row, each in zip(padded, own, strict=True):
        row[: len(each)] = each
    with torch.inference_mode():
        together = network(padded, torch.tensor([len(each) for each in own]))
        alone = torch.cat([network(each[None]) for each in own])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5 * alone.max().item())


def test_a_vector_is_the_same_alone_and_in_a_batch_and_that_of_the_network(saved, panns):
    variant = VARIANTS["cnn6"]
    model = Panns(saved(panns.checkpoint(variant)), variant="cnn6", device="cpu")
    clips = noises(4800, 20000, 5119, 5120, 20000, 12345)
    vectors = model.embed(clips)
    assert vectors.shape == (6, 512)
    assert vectors.dtype == np.float32
    network, log_mel = panns.network_of(variant), LogMel(variant)
    for clip, vector in zip(clips, vectors, strict=True):
        with torch.inference_mode():
            wanted = network(log_mel(torch.from_numpy(clip))[None])[0].numpy()
        np.testing.assert_allclose(vector, wanted, atol=1e-5 * wanted.max())
        np.testing.assert_allclose(model.embed([clip])[0], vector, atol=1e-5 * wanted.max())
    assert model.embed([]).shape == (0, 512)


@pytest.mark.parametrize("row", ["panns_cnn14", "panns_cnn14_16k", "panns_cnn10", "panns_cnn6"])
def test_contract(row, saved, monkeypatch, panns):
    name = CATALOG[row].kwargs["variant"]
    variant = VARIANTS[name]
    narrow = replace(variant, channels=tuple(width // 16 for width in variant.channels))
    monkeypatch.setitem(VARIANTS, name, narrow)
    make = functools.partial(Panns, saved(panns.checkpoint(narrow)), device="cpu", **CATALOG[row].kwargs)
    report = check_embedder(make, long_seconds=20.0)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


def test_in_bfloat16_it_is_close_to_float32(saved, panns):
    path = saved(panns.checkpoint(VARIANTS["cnn6"]))
    clips = noises(9600, 4800, 16001)
    exact, low = (Panns(path, variant="cnn6", device="cpu", precision=each) for each in ("float32", "bfloat16"))
    wanted, found = exact.embed(clips), low.embed(clips)
    assert found.dtype == np.float32
    assert not np.array_equal(found, wanted)
    np.testing.assert_allclose(found, wanted, atol=low.tolerance * wanted.max())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_on_a_gpu(saved, panns):
    on = functools.partial(Panns, saved(panns.checkpoint(VARIANTS["cnn10"])), variant="cnn10")
    report = check_embedder(functools.partial(on, device="cpu"), on_gpu=functools.partial(on, device="cuda"))
    report.raise_on_failure()
    assert "gpu" in {finding.name for finding in report.findings}


@pytest.mark.realdata
@pytest.mark.parametrize("row", ROWS)
def test_published_weights_against_numpy(row, data_folder):
    entry = CATALOG[row]
    path, variant = data_folder / "weights" / entry.weights.file, VARIANTS[entry.kwargs["variant"]]
    if not path.is_file():
        pytest.skip(f"no {path.name} in the folder of weights")
    (clip,) = noises(2 * variant.shortest)
    spectrum = LogMel(variant)(torch.from_numpy(clip)).numpy()
    wanted = by_hand(variant, load_network(path, variant).state_dict(), spectrum)
    found = Panns(path, device="cpu", **entry.kwargs).embed([clip])[0]
    np.testing.assert_allclose(found, wanted, atol=1e-4 * wanted.max())


# -- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS)
def test_absent_weights_are_no_error_and_told_how_to_get(row, tmp_path):
    entry = CATALOG[row]
    with pytest.raises(Unavailable, match="weights missing: Cnn") as caught:
        weights.resolve(entry.weights, None, folders=[tmp_path], cache=tmp_path, fetch=True)
    assert f"Download {entry.weights.file} of the Zenodo record https://zenodo.org/" in caught.value.way_out
    assert entry.training_sets == ("AudioSet (with labels)",)


def test_every_variant_has_a_row_and_none_has_frames():
    rows = [entry for entry in CATALOG.values() if entry.factory == "embedders.panns:Panns"]
    assert sorted(entry.kwargs["variant"] for entry in rows) == sorted(VARIANTS)
    assert len(rows) == len(ROWS)
    assert not isinstance(Panns("absent"), FrameEmbedder)


def test_wrong_arguments_are_refused():
    with pytest.raises(EmbedderError, match="variant is 'cnn8', expected one of cnn14, cnn14_16k, cnn10, cnn6"):
        Panns("absent", variant="cnn8")
    with pytest.raises(EmbedderError, match="device is 'tpu', expected one of auto, cpu, cuda"):
        Panns("absent", device="tpu")
    with pytest.raises(EmbedderError, match="precision is 'half', expected one of float32, bfloat16, float16"):
        Panns("absent", precision="half")
