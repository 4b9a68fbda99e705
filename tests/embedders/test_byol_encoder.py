"""The encoder and its loader: published layout, golden values, and files that must be refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from embedders.base import EmbedderError
from embedders.byol.encoder import AudioNTT2020, load_encoder, pool

PARAMETERS = {512: 600_192, 1024: 1_649_792, 2048: 5_321_856}


@pytest.fixture
def state():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return AudioNTT2020(512).state_dict()


@pytest.mark.parametrize("d", PARAMETERS)
def test_layout_is_the_published_one(d):
    encoder = AudioNTT2020(d)
    shapes = {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()}
    expected = {}
    for convolution, inputs in ((0, 1), (4, 64), (8, 64)):
        expected |= {f"features.{convolution}.weight": (64, inputs, 3, 3), f"features.{convolution}.bias": (64,)}
        norm = f"features.{convolution + 1}"
        expected |= {f"{norm}.{part}": (64,) for part in ("weight", "bias", "running_mean", "running_var")}
        expected[f"{norm}.num_batches_tracked"] = ()
    expected |= {"fc.0.weight": (d, 512), "fc.0.bias": (d,), "fc.3.weight": (d, d), "fc.3.bias": (d,)}
    assert shapes == expected
    assert len(shapes) == 25
    assert sum(parameter.numel() for parameter in encoder.parameters()) == PARAMETERS[d]
    assert sum(buffer.numel() for buffer in encoder.buffers()) == 387


def test_padding_and_mask_leave_each_clips_steps_as_they_are_alone():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        encoder = AudioNTT2020(512).eval()
        spectra = [torch.randn(1, 1, 64, frames) for frames in (8, 15, 16, 41, 100)]
    padded = torch.cat([torch.nn.functional.pad(each, (0, 100 - each.shape[-1])) for each in spectra])
    frames = torch.tensor([each.shape[-1] for each in spectra])
    with torch.inference_mode():
        together = encoder(padded, frames)
        vectors = pool(together, frames // 8)
        for row, alone in enumerate(map(encoder, spectra)):
            assert alone.shape == (1, frames[row] // 8, 512)
            torch.testing.assert_close(together[row : row + 1, : alone.shape[1]], alone, rtol=0, atol=1e-6)
            expected = alone.max(dim=1).values + alone.mean(dim=1)
            torch.testing.assert_close(vectors[row : row + 1], expected, rtol=0, atol=1e-6)


def random_norms(state, least):
    generator = torch.Generator().manual_seed(3)
    for name, tensor in state.items():
        if name.startswith(("features.1.", "features.5.", "features.9.")) and tensor.ndim:
            positive = name.endswith(("weight", "running_var"))
            tensor.copy_(
                torch.randn(64, generator=generator).abs() if positive else torch.randn(64, generator=generator)
            )
    state["features.5.weight"][7] = least
    state["features.5.bias"][7] = 2.0  # so that its ReLU lets something through
    return state


def test_the_maximum_may_come_first_to_the_bit(saved, state):
    encoder = load_encoder(saved(random_norms(state, least=0.0)), 512)
    assert encoder.maximum_first
    spectra = torch.randn(3, 1, 64, 101, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        found = encoder(spectra)
        encoder.maximum_first = False
        assert torch.equal(found, encoder(spectra))


def test_the_maximum_comes_last_where_a_norm_falls(saved, state):
    encoder = load_encoder(saved(random_norms(state, least=-1.0)), 512)
    assert not encoder.maximum_first
    spectra = torch.randn(1, 1, 64, 80, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        published = encoder.fc(encoder.features(spectra).permute(0, 3, 2, 1).flatten(start_dim=2))
        assert torch.equal(encoder(spectra), published)
        encoder.maximum_first = True
        assert not torch.equal(encoder(spectra), published)


@pytest.mark.realdata
def test_golden_values_of_the_published_weights(data_folder):
    encoder = load_encoder(data_folder / "weights" / "byol_s_512.pth", 512)
    with torch.inference_mode():
        steps = encoder(torch.linspace(-2, 2, 6144).reshape(1, 1, 64, 96))
        vector = pool(steps, torch.tensor([12]))[0].numpy()
    assert steps.shape == (1, 12, 512)
    assert vector.sum() == pytest.approx(302.4802, abs=1e-3)
    assert np.linalg.norm(vector) == pytest.approx(38.1585, abs=1e-4)
    assert (vector > 0).sum() == 129
    np.testing.assert_allclose(vector[:6], [0, 0, 0, 0, 0, 2.3395], atol=1e-4)


@pytest.mark.parametrize("prefix", ["", "online_encoder.net.", "module."])
def test_prefixes_are_cut(saved, state, prefix):
    encoder = load_encoder(saved({prefix + name: tensor for name, tensor in state.items()}), 512)
    assert not encoder.training
    assert all(torch.equal(tensor, state[name]) for name, tensor in encoder.state_dict().items())


def test_other_networks_are_refused_in_one_clear_message(saved, state):
    with pytest.raises(EmbedderError, match=r"fc\.0\.weight is .*\(512, 512\) instead of .*\(1024, 512\); .*d: 512`\."):
        load_encoder(saved(state), 1024)
    less = {name: tensor for name, tensor in state.items() if name != "fc.3.bias"}
    with pytest.raises(EmbedderError, match=r"fc\.3\.bias is missing\. Expected AudioNTT2020 with d=512"):
        load_encoder(saved(less), 512)
    with pytest.raises(EmbedderError, match=r"head\.weight is not part of the network"):
        load_encoder(saved({**state, "head.weight": torch.zeros(2)}), 512)
    with pytest.raises(EmbedderError, match=r"holds fc\.0\.bias twice, the second time as target\.fc\.0\.bias"):
        load_encoder(saved({**state, "target.fc.0.bias": torch.zeros(512)}), 512)
    with pytest.raises(EmbedderError, match="holds a mapping whose 'epoch' is of type int, expected a state dict"):
        load_encoder(saved({"epoch": 3, **state}), 512)
    with pytest.raises(EmbedderError, match="holds an object of type list, expected a state dict"):
        load_encoder(saved([1, 2]), 512)


def test_damaged_and_absent_files(tmp_path, saved, state):
    whole = saved(state)
    for name, content in (("cut", whole.read_bytes()[:50_000]), ("text", b"not weights"), ("empty", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(EmbedderError, match=rf"byol: .*{name} .*Expected a (plain )?state dict"):
            load_encoder(path, 512)
    with pytest.raises(EmbedderError, match=r"no weights at .*absent"):
        load_encoder(tmp_path / "absent", 512)


class TouchesAFile:
    """Unpickled without care, this creates `marker`."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("written_by", ["torch", "pickle"])
def test_a_file_that_would_run_code_is_refused_and_nothing_runs(tmp_path, saved, written_by):
    marker = tmp_path / "ran"
    content = {"fc.0.weight": TouchesAFile(marker)}
    if written_by == "torch":
        path = saved(content)
    else:
        path = tmp_path / "weights.pth"
        path.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(EmbedderError, match=r"holds more than tensors .* could run code"):
        load_encoder(path, 512)
    assert not marker.exists()
