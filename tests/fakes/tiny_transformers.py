"""Checkpoints of transformers' own classes, tiny and random, written as `save_pretrained` writes them."""

from __future__ import annotations

import json

import torch
import transformers
from safetensors.torch import load_file, save_file

LAYERS, WIDTH = 3, 16
WAVE = {
    "conv_dim": (8,) * 7,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
STABLE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
DATA2VEC = {"num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5}
WAVES = {  # the modes of the published networks
    "wav2vec2": ("Wav2Vec2", {}),
    "wav2vec2 large": ("Wav2Vec2", STABLE),
    "hubert": ("Hubert", {}),
    "wavlm": ("WavLM", {}),
    "wavlm large": ("WavLM", {**STABLE, "conv_bias": False}),
    "unispeech-sat": ("UniSpeechSat", {}),
    "unispeech-sat large": ("UniSpeechSat", STABLE),
    "data2vec": ("Data2VecAudio", DATA2VEC),
}
SECOND = 50  # steps of the tiny Whisper's window, which is one second
AST_FRAMES, AST_BANDS = 104, 36  # 9 steps of 10 frames, 3 patches over frequency


def tensors_of(folder):
    """The tensors of a checkpoint by name."""
    return load_file(folder / "model.safetensors")


def save_tensors(folder, tensors):
    """Writes them back."""
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def random(make):
    """A network in evaluation mode whose weights are all random: as made, layers hardly differ."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = make()
        for weight in network.parameters():
            weight.data.add_(0.1 * torch.randn_like(weight))
    return network.eval()


def wave(folder, kind, *, head="Model", normalise=True, rate=16000, **changes):
    """A network on the waveform, with the head that is named; answers the network."""
    name, modes = WAVES[kind]
    config = getattr(transformers, f"{name}Config")(**{**WAVE, **modes, **changes})
    network = random(lambda: getattr(transformers, f"{name}{head}")(config))
    network.save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=normalise, sampling_rate=rate).save_pretrained(folder)
    return network


def mert(folder, *, do_stable_layer_norm=False, **changes):
    """A HuBERT that says of itself what MERT's config.json says."""
    network = wave(folder, "hubert", rate=24000, do_stable_layer_norm=do_stable_layer_norm)
    path = folder / "config.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    own = {"model_type": "mert_model", "auto_map": {"AutoModel": "modeling_MERT.MERTModel"}}
    switches = {"feature_extractor_cqt": False, "deepnorm": False, "attention_relax": -1.0}
    path.write_text(json.dumps({**said, **own, **switches, **changes}), encoding="utf-8")
    return network


def whisper(folder):
    """A Whisper whose window is one second."""
    sides = {
        f"{side}_{what}": value
        for side in ("encoder", "decoder")
        for what, value in (("layers", LAYERS), ("attention_heads", 2), ("ffn_dim", 32))
    }
    tokens = {"vocab_size": 50, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    config = transformers.WhisperConfig(d_model=WIDTH, max_source_positions=SECOND, **sides, **tokens)
    network = random(lambda: transformers.WhisperForConditionalGeneration(config))
    network.save_pretrained(folder)
    transformers.WhisperFeatureExtractor(chunk_length=1).save_pretrained(folder)
    return network


def ast(folder):
    """An AST with its classifier, whose window is 104 frames."""
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.ASTConfig(**sizes, max_length=AST_FRAMES, num_mel_bins=AST_BANDS)
    network = random(lambda: transformers.ASTForAudioClassification(config))
    network.save_pretrained(folder)
    transformers.ASTFeatureExtractor(max_length=AST_FRAMES, num_mel_bins=AST_BANDS).save_pretrained(folder)
    return network


def clap(folder, *, fusion=False):
    """A CLAP of 8 numbers whose window is one second, with a tokenizer of single bytes."""
    text = {"vocab_size": 261, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    text |= {"intermediate_size": 32, "max_position_embeddings": 40}
    audio = {"spec_size": 64, "num_mel_bins": 16, "patch_embeds_hidden_size": 8, "hidden_size": 16, "depths": [1, 1]}
    audio |= {"num_attention_heads": [2, 2], "window_size": 4, "num_hidden_layers": 2, "enable_fusion": fusion}
    if fusion:
        audio |= {"fusion_type": "channel_map", "enable_patch_fusion": True}
    config = transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=8)
    network = random(lambda: transformers.ClapModel(config))
    network.save_pretrained(folder)
    transformers.ClapFeatureExtractor(feature_size=16, max_length_s=1, truncation="rand_trunc").save_pretrained(folder)
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    (folder / "vocab.json").write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
    return network
