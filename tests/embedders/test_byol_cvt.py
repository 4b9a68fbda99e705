"""BYOL-S/CvT: published layout and sizes, the network written out in numpy, pooling, and the contract."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from embedders.base import EmbedderError
from embedders.byol.frontend import LogMel
from embedders.byol_cvt import ByolCvt
from embedders.byol_cvt.encoder import CvT, load_encoder
from embedders.catalog import CATALOG

STATISTICS = [-5.0, 4.0]
WIDTHS = {256: (64, 128, 256), 512: (64, 256, 512), 2048: (64, 256, 512)}


def random_encoder(widths):
    """An encoder in which no norm is the identity."""
    with torch.random.fork_rng():
        torch.manual_seed(6)
        encoder = CvT(widths).eval()
        for name, tensor in encoder.state_dict().items():
            if name.endswith((".g", ".net.1.weight", "running_var")):
                tensor.copy_(torch.rand(tensor.shape) + 0.5)
            if name.endswith((".b", ".net.1.bias", "running_mean")):
                tensor.copy_(torch.rand(tensor.shape) - 0.5)
    return encoder


@pytest.fixture
def saved(tmp_path):
    def save(d):
        torch.save(random_encoder(WIDTHS[d]).state_dict(), tmp_path / f"{d}.pth")
        return tmp_path / f"{d}.pth"

    return save


@pytest.mark.parametrize(("widths", "parameters"), [((64, 128, 256), 1_583_488), ((64, 256, 512), 5_012_992)])
def test_layout_is_the_published_one(widths, parameters):
    encoder = CvT(widths)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters
    expected = {}
    for stage, (c, before, kernel, heads) in enumerate(zip(widths, (1, *widths), (7, 3, 3), (1, 3, 6), strict=False)):
        first, inner = f"layers.{stage}", 64 * heads
        layer = f"{first}.2.layers.0"
        expected |= {f"{first}.0.weight": (c, before, kernel, kernel), f"{first}.0.bias": (c,)}
        for norm in (f"{first}.1", f"{layer}.0.norm", f"{layer}.1.norm"):
            expected |= {f"{norm}.g": (1, c, 1, 1), f"{norm}.b": (1, c, 1, 1)}
        for name, outputs in (("to_q", inner), ("to_kv", 2 * inner)):
            net = f"{layer}.0.fn.{name}.net"
            expected |= {f"{net}.0.weight": (c, 1, 3, 3), f"{net}.2.weight": (outputs, c, 1, 1)}
            expected |= {f"{net}.1.{part}": (c,) for part in ("weight", "bias", "running_mean", "running_var")}
            expected[f"{net}.1.num_batches_tracked"] = ()
        expected |= {f"{layer}.0.fn.to_out.0.weight": (c, inner, 1, 1), f"{layer}.0.fn.to_out.0.bias": (c,)}
        expected |= {f"{layer}.1.fn.net.0.weight": (4 * c, c, 1, 1), f"{layer}.1.fn.net.0.bias": (4 * c,)}
        expected |= {f"{layer}.1.fn.net.3.weight": (c, 4 * c, 1, 1), f"{layer}.1.fn.net.3.bias": (c,)}
    assert {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()} == expected


def by_hand(encoder, spectrum):
    """The maps (channels, mel, time) of one spectrogram (64, T), in float64."""
    of = {name: tensor.double().numpy() for name, tensor in encoder.state_dict().items()}

    def convolve(x, name, stride=1, padding=0, depthwise=False):
        kernel = of[f"{name}.weight"]
        k = kernel.shape[2]
        padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        patches = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(1, 2))[:, ::stride, ::stride]
        rule = "chwij,cij->chw" if depthwise else "chwij,ocij->ohw"
        found = np.einsum(rule, patches, kernel[:, 0] if depthwise else kernel, optimize=True)
        return found + of[f"{name}.bias"][:, None, None] if f"{name}.bias" in of else found

    def norm(x, name):
        centred = x - x.mean(axis=0)
        return centred / (np.sqrt((centred**2).mean(axis=0)) + 1e-5) * of[f"{name}.g"][0] + of[f"{name}.b"][0]

    def project(x, name, stride):
        x = convolve(x, f"{name}.0", stride, 1, depthwise=True)
        mean, variance, weight, bias = (
            of[f"{name}.1.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return convolve((x - mean) / np.sqrt(variance + 1e-5) * weight + bias, f"{name}.2")

    x = spectrum[None]
    for stage, (stride, padding) in enumerate(((4, 3), (2, 1), (2, 1))):
        x = norm(convolve(x, f"layers.{stage}.0", stride, padding), f"layers.{stage}.1")
        layer = f"layers.{stage}.2.layers.0"
        normed = norm(x, f"{layer}.0.norm")
        query = project(normed, f"{layer}.0.fn.to_q.net", 1)
        key, value = np.split(project(normed, f"{layer}.0.fn.to_kv.net", 2), 2)
        found = []
        for q, k, v in zip(*(each.reshape(-1, 64, each[0].size) for each in (query, key, value)), strict=True):
            scores = np.exp(q.T @ k / 8)
            found.append((scores / scores.sum(axis=1, keepdims=True) @ v.T).T)
        x = x + convolve(np.concatenate(found).reshape(query.shape), f"{layer}.0.fn.to_out.0")
        wide = convolve(norm(x, f"{layer}.1.norm"), f"{layer}.1.fn.net.0")
        wide = wide / 2 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        x = x + convolve(wide, f"{layer}.1.fn.net.3")
    return x


@pytest.mark.parametrize("frames", [8, 37])
def test_encoder_against_numpy(frames):
    encoder = random_encoder((6, 8, 10))
    spectrum = torch.randn(64, frames, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        found = encoder(spectrum[None, None])[0].numpy()
    wanted = by_hand(encoder, spectrum.double().numpy())
    assert found.shape == (10, 4, -(-frames // 16))
    np.testing.assert_allclose(found, wanted, atol=2e-5)


@pytest.mark.parametrize("d", WIDTHS)
def test_pooling(saved, d):
    clips = [np.random.default_rng(n).uniform(-0.5, 0.5, n).astype(np.float32) for n in (9000, 1120, 9000)]
    model = ByolCvt(saved(d), d=d, statistics=STATISTICS, device="cpu")
    vectors = model.embed(clips)
    for clip, vector, (steps, centres) in zip(clips, vectors, model.embed_frames(clips), strict=True):
        with torch.inference_mode():
            spectrum = (LogMel(400)(torch.from_numpy(clip)) - STATISTICS[0]) / STATISTICS[1]
            maps = random_encoder(WIDTHS[d])(spectrum[None, None])[0].numpy()  # (channels, 4, steps)
        if d == 2048:
            by_step = maps.transpose(2, 1, 0).reshape(-1, 2048)  # feature = mel * 512 + channel
            wanted = by_step.mean(axis=0) + by_step.max(axis=0)
        else:
            by_step, wanted = maps.mean(axis=1).T, maps.mean(axis=(1, 2))
        np.testing.assert_allclose(vector, wanted, atol=1e-4)
        np.testing.assert_allclose(steps, by_step, atol=1e-4)
        np.testing.assert_allclose(centres, 0.16 * np.arange(len(by_step)))


@pytest.mark.parametrize("name", ["byol_s_cvt_256", "byol_s_cvt_512", "byol_s_cvt_2048"])
def test_contract(name, saved):
    entry = CATALOG[name]
    assert entry.parameters == sum(parameter.numel() for parameter in CvT(WIDTHS[entry.dim]).parameters())
    make = functools.partial(ByolCvt, saved(entry.dim), device="cpu", **entry.kwargs)
    report = check_embedder(make, long_seconds=5.0)
    report.raise_on_failure()
    assert {"statistics", "frames", "batch mates"} <= {finding.name for finding in report.findings}


def test_what_is_refused(saved, tmp_path):
    with pytest.raises(EmbedderError, match="byol_cvt: d is 1024, expected one of 256, 512, 2048"):
        ByolCvt("some.pth", d=1024)
    told = r"layers\.1\.0\.weight is float32 \(128, 64, 3, 3\) instead of float32 \(256, 64, 3, 3\)"
    with pytest.raises(EmbedderError, match=rf"byol_cvt: .*{told}.*Expected the state dict of a CvT with 64/256/512"):
        load_encoder(saved(256), WIDTHS[512])
    with pytest.raises(EmbedderError, match=r"byol_cvt: no weights at .*absent"):
        load_encoder(tmp_path / "absent", WIDTHS[512])
    with pytest.raises(EmbedderError, match="byol_cvt: clip 0 has 1119 samples, expected at least 1120"):
        ByolCvt(saved(256), d=256, statistics=STATISTICS).embed([np.zeros(1119, np.float32)])
