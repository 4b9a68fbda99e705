"""Encoders of transformers, made tiny and random: against the library's own answer for each clip alone."""

from __future__ import annotations

import functools
from importlib import import_module

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.transformers import AudioEncoder
from embedders.transformers.spectrogram import Geometry, windows

transformers = pytest.importorskip("transformers")

ROWS = {  # the tiny network that has the modes of a row's
    "wav2vec2_base_hf": "wav2vec2",
    "wav2vec2_xlsr_53_hf": "wav2vec2 large",
    "wav2vec2_emotion_msp": "wav2vec2 large",
    "hubert_base_hf": "hubert",
    "wavlm_base_plus_hf": "wavlm",
    "wavlm_large_hf": "wavlm large",
    "unispeech_sat_base_100h": "unispeech-sat",
    "data2vec_base_960h": "data2vec",
    "mert_95m": "mert",
    "mert_330m": "mert",
    "whisper_tiny_encoder": "whisper",
    "whisper_base_encoder": "whisper",
    "whisper_small_encoder": "whisper",
    "ast_audioset": "ast",
}
WAVES = [
    "wav2vec2",
    "wav2vec2 large",
    "hubert",
    "wavlm",
    "wavlm large",
    "unispeech-sat",
    "unispeech-sat large",
    "data2vec",
]
LENGTHS = (16000, 400, 9123, 16000, 5000)
WAY = ("layer", "pooling", "sample_rate")


def noises(lengths):
    generator = np.random.default_rng(9)
    return [(0.3 * generator.standard_normal(n)).clip(-1, 1).astype(np.float32) + np.float32(0.05) for n in lengths]


def assert_close(found, wanted, tolerance=2e-5):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


@pytest.fixture
def written(tiny, tmp_path):
    """`written(kind, ...)` writes a tiny checkpoint, and answers its folder and network."""

    def write(kind, **changes):
        if kind in tiny.WAVES:
            return tmp_path, tiny.wave(tmp_path, kind, **changes)
        return tmp_path, getattr(tiny, kind)(tmp_path, **changes)

    return write


def layers_alone(network, folder, clips, rate=16000):
    """For each clip alone: the last hidden state, and the outputs of the layers, by the library's own call."""
    front = transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder)
    found = []
    outputs = []  # by hooks, because hidden_states of the library hold what enters layers, and the last one normalised
    for layer in network.encoder.layers:
        layer.register_forward_hook(lambda _m, _i, out: outputs.append(out[0] if type(out) is tuple else out))
    with torch.inference_mode():
        for clip in clips:
            asked = front(clip, sampling_rate=rate, return_tensors="pt")
            last = network(asked.input_values).last_hidden_state[0].numpy()
            found.append((last, torch.cat(outputs).numpy()))
            outputs.clear()
    return found


@pytest.mark.parametrize("kind", WAVES)
def test_a_batch_is_what_the_library_answers_for_each_clip_alone(written, kind):
    folder, network = written(kind)
    clips = noises(LENGTHS)
    alone = layers_alone(network, folder, clips)
    found = AudioEncoder(weights=folder, device="cpu").embed(clips)
    assert found.dtype == np.float32
    assert_close(found, np.stack([layers.mean(axis=(0, 1)) for _, layers in alone]))
    assert np.abs(found[0] - found[3]).max() > 0.01, "two clips of one length differ"
    last = AudioEncoder(weights=folder, device="cpu", layer="last", pooling="mean+std").embed(clips)
    wanted = [np.concatenate([steps.mean(axis=0), steps.std(axis=0)]) for steps, _ in alone]
    assert_close(last, np.stack(wanted))
    second = AudioEncoder(weights=folder, device="cpu", layer=2, pooling="mean+max").embed(clips)
    wanted = [np.concatenate([layers[1].mean(axis=0), layers[1].max(axis=0)]) for _, layers in alone]
    assert_close(second, np.stack(wanted))


@pytest.mark.parametrize("kind", ["wav2vec2", "data2vec"])
def test_the_librarys_own_batch_is_another_thing(written, kind):
    """What the care is for: without a mask the group norm sees the padding, and data2vec sees it with one, too."""
    folder, network = written(kind)
    clips = noises(LENGTHS)
    front = transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder, return_attention_mask=True)
    asked = front(clips, sampling_rate=16000, return_tensors="pt", padding=True)
    with torch.inference_mode():
        batched = network(asked.input_values, attention_mask=asked.attention_mask).last_hidden_state[2, :28]
    own = AudioEncoder(weights=folder, device="cpu", layer="last").embed(clips)[2]
    assert np.abs(batched.mean(dim=0).numpy() - own).max() > 1e-3 * np.abs(own).max()


def test_do_normalize_is_read_from_the_checkpoint(written):
    folder, network = written("wavlm", normalise=False)
    clips = noises(LENGTHS[:2])
    with torch.inference_mode():
        wanted = [network(torch.tensor(clip)[None]).last_hidden_state[0].mean(dim=0).numpy() for clip in clips]
    assert_close(AudioEncoder(weights=folder, device="cpu", layer="last").embed(clips), np.stack(wanted))


def test_small_passes_change_no_vector(written, monkeypatch):
    folder, _ = written("hubert")
    clips, encoder = noises(LENGTHS), AudioEncoder(weights=folder, device="cpu")
    together = encoder.embed(clips)
    waveform = import_module("embedders.transformers.waveform")
    monkeypatch.setitem(waveform._FRAMES_A_PASS, "cpu", 50)
    assert_close(encoder.embed(clips), together)


def test_mert_is_read_as_a_hubert_of_another_rate(written):
    folder, network = written("mert")
    clips = noises((24000, 6000))
    alone = layers_alone(network, folder, clips, rate=24000)
    encoder = AudioEncoder(weights=folder, device="cpu", sample_rate=24000)
    assert encoder.sample_rate == 24000
    assert_close(encoder.embed(clips), np.stack([layers.mean(axis=(0, 1)) for _, layers in alone]))


# -- Whisper and AST: windows of fixed length --------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "wanted"),
    [
        (1, [(0, 0)]),
        (50, [(0, 0)]),
        (51, [(0, 0), (1, 49)]),
        (100, [(0, 0), (50, 0)]),
        (130, [(0, 0), (50, 0), (80, 20)]),
    ],
)
def test_windows_see_each_step_once(total, wanted):
    cuts = list(windows(total, 50))
    assert cuts == wanted
    seen = [step for start, new in cuts for step in range(start + new, min(start + 50, total))]
    assert seen == list(range(total))


def test_steps_of_a_clip():
    whisper = Geometry(320, 480000, 1500, frames=2)
    assert [whisper.count(n) for n in (1, 320, 321, 480000, 480001)] == [1, 1, 2, 1500, 1501]
    ast = Geometry(1600, 164080, 101, lead=400, frames=10)
    # 998 frames of 10 s begin 100 patches; the 1024 frames of a whole window hold 101, though 103 begin in them
    assert [ast.count(n) for n in (400, 2000, 160000, 164080, 164240)] == [1, 2, 100, 101, 103]


def whispered(network, front, wave):
    asked = front(wave, sampling_rate=16000, return_tensors="pt")
    with torch.inference_mode():
        return network.model.encoder(asked.input_features).last_hidden_state[0].numpy()


def test_whisper_pools_a_clips_own_steps_and_cuts_long_clips_at_fixed_places(written):
    folder, network = written("whisper")
    front = transformers.WhisperFeatureExtractor.from_pretrained(folder)
    clips = noises((16000, 5000, 400, 39123))
    found = AudioEncoder(weights=folder, device="cpu", layer="last").embed(clips)
    for place, steps in ((0, 50), (1, 16), (2, 2)):
        assert_close(found[place], whispered(network, front, clips[place])[:steps].mean(axis=0))
    # 123 steps: two windows of 50, and one that begins at step 73, of which the last 23 are new
    long = clips[3]
    parts = [long[:16000], long[16000:32000], long[73 * 320 :]]
    steps = [whispered(network, front, part) for part in parts]
    assert_close(found[3], np.concatenate([steps[0], steps[1], steps[2][27:]]).mean(axis=0))
    again = AudioEncoder(weights=folder, device="cpu", layer="last").embed(clips[::-1])[::-1]
    assert_close(found, again)


def test_ast_pools_patches_of_a_clips_own_time_or_its_tokens(written):
    folder, network = written("ast")
    front = transformers.ASTFeatureExtractor.from_pretrained(folder)
    clip = noises((5000,))[0]  # 29 frames begin 3 of the 9 steps
    with torch.inference_mode():
        asked = front(clip, sampling_rate=16000, return_tensors="pt")
        answer = network.audio_spectrogram_transformer(asked.input_values)
    patches = answer.last_hidden_state[0, 2:].numpy().reshape(3, 9, -1)  # frequency first
    found = AudioEncoder(weights=folder, device="cpu", layer="last").embed([clip])[0]
    assert_close(found, patches[:, :3].mean(axis=(0, 1)))
    token = AudioEncoder(weights=folder, device="cpu", layer="last", pooling="token")
    assert_close(token.embed([clip])[0], answer.pooler_output[0].numpy())
    # 40000 samples: 248 frames begin 25 steps, windows at 0, 9 and 16 of them
    long = noises((40000,))[0]
    parts = [long[start * 1600 :][: 400 + 103 * 160] for start in (0, 9, 16)]
    assert_close(token.embed([long])[0], token.embed(parts).mean(axis=0))


# -- the rows ------------------------------------------------------------------------------------


def test_the_table_names_rows_of_the_family():
    """Those of test_transformers_rows.py stand there; that each row is in some table is held by the battery's test."""
    family = {name for name, entry in CATALOG.items() if entry.factory == "embedders.transformers:AudioEncoder"}
    assert set(ROWS) <= family


WAYS = {kind: {key: CATALOG[row].kwargs[key] for key in WAY} for row, kind in ROWS.items()}


@pytest.mark.parametrize("kind", WAYS)
def test_contract_in_the_ways_of_the_rows(written, kind):
    folder, _ = written(kind)
    report = check_embedder(functools.partial(AudioEncoder, weights=folder, device="cpu", **WAYS[kind]), long_seconds=8)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
LARGE |= {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
SIZES = {"tiny": (384, 4), "base": (512, 6), "small": (768, 12)}
PUBLISHED = {  # what config.json of the repositories says, beyond the library's defaults
    "wav2vec2_base_hf": ("Wav2Vec2", {}),
    "wav2vec2_xlsr_53_hf": ("Wav2Vec2", {**LARGE, "conv_bias": True}),
    "wav2vec2_emotion_msp": ("Wav2Vec2", {**LARGE, "conv_bias": True, "num_hidden_layers": 12}),
    "hubert_base_hf": ("Hubert", {}),
    "wavlm_base_plus_hf": ("WavLM", {}),
    "wavlm_large_hf": ("WavLM", LARGE),
    "unispeech_sat_base_100h": ("UniSpeechSat", {}),
    "data2vec_base_960h": ("Data2VecAudio", {}),
    "mert_95m": ("Hubert", {}),
    "mert_330m": ("Hubert", {**LARGE, "feat_extract_norm": "group"}),
    "ast_audioset": ("AST", {}),
}


@pytest.mark.parametrize("row", ROWS)
def test_parameters_are_counted_from_the_published_sizes(row):
    if row in PUBLISHED:
        name, changes = PUBLISHED[row]
        config, network = getattr(transformers, f"{name}Config")(**changes), getattr(transformers, f"{name}Model")
    else:
        width, layers = SIZES[row.split("_")[1]]
        sizes = {"encoder_layers": layers, "encoder_attention_heads": width // 64, "encoder_ffn_dim": 4 * width}
        config = transformers.WhisperConfig(d_model=width, **sizes)
        network = import_module("transformers.models.whisper.modeling_whisper").WhisperEncoder
    with torch.device("meta"):
        made = network(config)
    assert CATALOG[row].parameters == sum(weight.numel() for weight in made.parameters())
    assert CATALOG[row].dim == config.hidden_size


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("kind", [*WAVES, "whisper", "ast"])
def test_on_a_gpu(written, kind):
    folder, _ = written(kind)
    on = functools.partial(AudioEncoder, weights=folder, pooling="mean+std")
    report = check_embedder(functools.partial(on, device="cpu"), on_gpu=functools.partial(on, device="cuda"))
    report.raise_on_failure()
    assert "gpu" in {finding.name for finding in report.findings}


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pooling": "max"}, "pooling is 'max', expected one of mean, mean.max, mean.std, attention, token"),
        ({"device": "tpu"}, "device is 'tpu', expected one of auto, cpu, cuda"),
        ({"layer": 0}, "layer is 0, expected 'mean', 'last' or a number from 1 on"),
        ({"layer": True}, "layer is True, expected 'mean'"),
        ({"layer": "first"}, "layer is 'first', expected 'mean'"),
        ({"width": 0}, "width is 0, expected a whole number above 0"),
        ({"width": None}, "width is not given, expected it where no config.json here says it"),
        ({"sample_rate": 16000.0}, "sample_rate is 16000.0, expected a whole number"),
    ],
)
def test_arguments(options, said):
    with pytest.raises(EmbedderError, match=said):
        AudioEncoder("absent/model.safetensors", **{"width": 16, **options})


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("hubert", {"layer": 4}, "layer is 4, expected 'mean', 'last' or a number from 1 to 3"),
        ("hubert", {"pooling": "token"}, "pooling is 'token', but only AST has tokens"),
        ("hubert", {"sample_rate": 24000}, "preprocessor_config.json says 16000 Hz, expected 24000"),
        ("hubert", {"width": 32}, "config.json says vectors of 16, expected 32"),
    ],
)
def test_arguments_that_the_checkpoint_does_not_fit(written, kind, options, said):
    folder, _ = written(kind)
    with pytest.raises(EmbedderError, match=said):
        AudioEncoder(weights=folder, device="cpu", **options).embed(noises((400,)))


def test_clips(written):
    folder, _ = written("hubert")
    with pytest.raises(EmbedderError, match="clip 1 has 399 samples, expected at least 400"):
        AudioEncoder(weights=folder, device="cpu").embed(noises((400, 399)))
