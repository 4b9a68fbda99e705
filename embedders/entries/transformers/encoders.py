"""Rows of audio encoders of transformers: a repository on the hub and the commit that is meant."""

from __future__ import annotations

from embedders.base import Entry

_WAV2VEC2 = (
    "Baevski et al., wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations, NeurIPS 2020"
)
_XLSR = (
    "Conneau et al., Unsupervised Cross-lingual Representation Learning for Speech Recognition, Interspeech 2021; "
    "network of wav2vec 2.0"
)
_HUBERT = (
    "Hsu et al., HuBERT: Self-Supervised Speech Representation Learning by Masked Prediction of Hidden Units, "
    "IEEE/ACM Transactions on Audio, Speech, and Language Processing 29, 2021"
)
_WAVLM = (
    "Chen et al., WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech Processing, IEEE Journal of "
    "Selected Topics in Signal Processing 16(6), 2022"
)
_DATA2VEC = (
    "Baevski et al., data2vec: A General Framework for Self-supervised Learning in Speech, Vision and Language, "
    "ICML 2022"
)
_ROBUST = (
    "Hsu et al., Robust wav2vec 2.0: Analyzing Domain Shift in Self-Supervised Pre-Training, Interspeech 2021; network "
    "of wav2vec 2.0"
)
_XLS_R = (
    "Babu et al., XLS-R: Self-supervised Cross-lingual Speech Representation Learning at Scale, Interspeech 2022; "
    "network of wav2vec 2.0"
)
_MUSIC2VEC = (
    "Li et al., MAP-Music2Vec: A Simple and Effective Baseline for Self-Supervised Music Audio Representation "
    "Learning, 2022; network of data2vec"
)
_UNISPEECH_SAT = (
    "Chen et al., UniSpeech-SAT: Universal Speech Representation Learning with Speaker Aware Pre-Training, ICASSP 2022"
)
_WHISPER = "Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, ICML 2023"
_AST = "Gong et al., AST: Audio Spectrogram Transformer, Interspeech 2021"
_MERT = "Li et al., MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised Training, ICLR 2024"
_DAWN = (
    "Wagner et al., Dawn of the Transformer Era in Speech Emotion Recognition: Closing the Valence Gap, IEEE "
    "Transactions on Pattern Analysis and Machine Intelligence 45(9), 2023"
)
_WAVLM_SETS = ("Libri-Light", "GigaSpeech", "VoxPopuli")
_WEB_SPEECH = ("not published (680,000 h of speech from the web)",)
_LIBRARIES = ("torch", "torchaudio", "transformers")


def _entry(
    model: str,
    revision: str,
    *,
    title: str,
    dim: int,
    parameters: int,
    citation: str,
    licence: str,
    training_sets: tuple[str, ...],
    sample_rate: int = 16000,
    layer: str = "mean",
    pooling: str = "mean",
) -> Entry:
    """A row of `AudioEncoder`."""
    place = {"model": model, "revision": revision}
    way = {"layer": layer, "pooling": pooling, "sample_rate": sample_rate, "width": dim}
    read = {"mean": "mean of all layers", "last": "last layer"}[layer]
    return Entry(
        title=f"{title}, {read}",
        factory="embedders.transformers:AudioEncoder",
        kwargs={**place, **way},
        dim=dim,
        sample_rate=sample_rate,
        parameters=parameters,
        libraries=_LIBRARIES,
        extra="transformers",
        citation=citation,
        licence=licence,
        training_sets=training_sets,
    )


ENTRIES: dict[str, Entry] = {
    "wav2vec2_base_hf": _entry(
        "facebook/wav2vec2-base",
        "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8",
        title="wav2vec 2.0 base (transformers)",
        dim=768,
        parameters=94_371_712,
        citation=_WAV2VEC2,
        licence="Apache-2.0",
        training_sets=("LibriSpeech",),
    ),
    "wav2vec2_xlsr_53_hf": _entry(
        "facebook/wav2vec2-large-xlsr-53",
        "c3f9d884181a224a6ac87bf8885c84d1cff3384f",
        title="XLSR-53 (transformers)",
        dim=1024,
        parameters=315_438_720,
        citation=_XLSR,
        licence="Apache-2.0",
        training_sets=("Multilingual LibriSpeech", "Common Voice", "BABEL"),
    ),
    "wav2vec2_emotion_msp": _entry(
        "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim",
        "8e3d0e563eeab584c131afcb65641492b14be7fb",
        title="wav2vec 2.0 tuned to arousal, dominance and valence",
        dim=1024,
        parameters=164_284_032,
        citation=_DAWN,
        licence="CC-BY-NC-SA-4.0",
        training_sets=("Libri-Light", "Common Voice", "Switchboard", "Fisher", "MSP-Podcast (with labels of emotion)"),
        layer="last",  # what its own head sees, averaged over time
    ),
    "wav2vec2_large_robust_hf": _entry(
        "facebook/wav2vec2-large-robust",
        "b0f1fc09a26486a009ebd4afaddb69c4cd6f0882",
        title="wav2vec 2.0 large, robust (transformers)",
        dim=1024,
        parameters=315_438_720,
        citation=_ROBUST,
        licence="Apache-2.0",
        training_sets=("Libri-Light", "Common Voice", "Switchboard", "Fisher"),
    ),
    **{
        f"wav2vec2_xls_r_{size}_hf": _entry(
            f"facebook/wav2vec2-xls-r-{size}",
            revision,
            title=f"XLS-R {size.upper()} (transformers)",
            dim=width,
            parameters=parameters,
            citation=_XLS_R,
            licence="Apache-2.0",
            training_sets=("Multilingual LibriSpeech", "Common Voice", "VoxLingua107", "BABEL", "VoxPopuli"),
        )
        for size, revision, width, parameters in (
            ("300m", "1a640f32ac3e39899438a2931f9924c02f080a54", 1024, 315_438_720),
            ("1b", "35eaea9a0ed0f97592277d79208e40ab8917d1e3", 1280, 962_497_408),
            ("2b", "3b6d89d0fabead7da552eaaa07549c7c9c36d303", 1920, 2_159_259_648),
        )
    },
    "hubert_base_hf": _entry(
        "facebook/hubert-base-ls960",
        "dba3bb02fda4248b6e082697eee756de8fe8aa8a",
        title="HuBERT base (transformers)",
        dim=768,
        parameters=94_371_712,
        citation=_HUBERT,
        licence="Apache-2.0",
        training_sets=("LibriSpeech",),
    ),
    "hubert_large_hf": _entry(
        "facebook/hubert-large-ll60k",
        "ff022d095678a2995f3c49bab18a96a9e553f782",
        title="HuBERT large (transformers)",
        dim=1024,
        parameters=315_438_720,
        citation=_HUBERT,
        licence="Apache-2.0",
        training_sets=("Libri-Light",),
    ),
    "wavlm_base_plus_hf": _entry(
        "microsoft/wavlm-base-plus",
        "4c66d4806a428f2e922ccfa1a962776e232d487b",
        title="WavLM base+ (transformers)",
        dim=768,
        parameters=94_381_936,
        citation=_WAVLM,
        licence="MIT",
        training_sets=_WAVLM_SETS,
    ),
    "wavlm_base_hf": _entry(
        "microsoft/wavlm-base",
        "efa81aae7ff777e464159e0f877d54eac5b84f81",
        title="WavLM base (transformers)",
        dim=768,
        parameters=94_381_936,
        citation=_WAVLM,
        licence="MIT",
        training_sets=("LibriSpeech",),
    ),
    "wavlm_large_hf": _entry(
        "microsoft/wavlm-large",
        "c1423ed94bb01d80a3f5ce5bc39f6026a0f4828c",
        title="WavLM large (transformers)",
        dim=1024,
        parameters=315_453_120,
        citation=_WAVLM,
        licence="MIT",
        training_sets=_WAVLM_SETS,
    ),
    "unispeech_sat_base_100h": _entry(
        "microsoft/unispeech-sat-base-100h-libri-ft",
        "b294556d8d77cc539f9d08bef0ddbb0f60985328",
        title="UniSpeech-SAT base, tuned to transcribe",
        dim=768,
        parameters=94_371_712,
        citation=_UNISPEECH_SAT,
        licence="Apache-2.0",
        training_sets=("LibriSpeech",),
    ),
    "data2vec_base_960h": _entry(
        "facebook/data2vec-audio-base-960h",
        "32331f3123e703528918aa688a9a38232d58c872",
        title="data2vec audio base, tuned to transcribe",
        dim=768,
        parameters=93_164_288,
        citation=_DATA2VEC,
        licence="Apache-2.0",
        training_sets=("LibriSpeech",),
    ),
    "data2vec_large_960h": _entry(
        "facebook/data2vec-audio-large-960h",
        "27aba26eed532b86dcd0f17284a0307de4b51f39",
        title="data2vec audio large, tuned to transcribe",
        dim=1024,
        parameters=313_276_416,
        citation=_DATA2VEC,
        licence="Apache-2.0",
        training_sets=("LibriSpeech",),
    ),
    "music2vec": _entry(
        "m-a-p/music2vec-v1",
        "53f05da0bb7bf914a60adb19b6b62cd2bfa2670c",
        title="music2vec v1",
        dim=768,
        parameters=93_164_288,
        citation=_MUSIC2VEC,
        licence="CC-BY-NC-4.0",
        training_sets=("not published (1,000 h of music)",),
    ),
    **{
        f"whisper_{size}_encoder": _entry(
            f"openai/whisper-{size}",
            revision,
            title=f"Whisper {size}, encoder",
            dim=width,
            parameters=parameters,
            citation=_WHISPER,
            licence="Apache-2.0",
            training_sets=_WEB_SPEECH,
        )
        for size, revision, width, parameters in (
            ("tiny", "169d4a4341b33bc18d8881c4b69c2e104e1cc0af", 384, 8_208_384),
            ("base", "e37978b90ca9030d5170a5c07aadb050351a65bb", 512, 20_590_592),
            ("small", "973afd24965f72e36ca33b3055d56a652f456b4d", 768, 88_154_112),
            ("medium", "abdf7c39ab9d0397620ccaea8974cc764cd0953e", 1024, 307_216_384),
        )
    },
    "whisper_large_v3_encoder": _entry(
        "openai/whisper-large-v3",
        "06f233fe06e710322aca913c1bc4249a0d71fce1",
        title="Whisper large v3, encoder",
        dim=1280,
        parameters=636_968_960,
        citation=_WHISPER,
        licence="Apache-2.0",
        training_sets=("not published (1,000,000 h of speech from the web, and 4,000,000 h that Whisper labelled)",),
    ),
    "ast_audioset": _entry(
        "MIT/ast-finetuned-audioset-10-10-0.4593",
        "f826b80d28226b62986cc218e5cec390b1096902",
        title="AST of AudioSet",
        dim=768,
        parameters=86_187_264,
        citation=_AST,
        licence="BSD-3-Clause",
        training_sets=("ImageNet (images)", "AudioSet (with labels)"),
        layer="last",
        pooling="token",  # what its own classifier sees
    ),
    "mert_95m": _entry(
        "m-a-p/MERT-v1-95M",
        "12af15fef9d0ac838c3f475bfbbf26d2060dd4f5",
        title="MERT v1 95M",
        dim=768,
        parameters=94_371_712,
        citation=_MERT,
        licence="CC-BY-NC-4.0",
        training_sets=("not published (20,000 h of music)",),
        sample_rate=24000,
    ),
    "mert_330m": _entry(
        "m-a-p/MERT-v1-330M",
        "0e06c986db0527c0fd1b47181c40f006805e3de0",
        title="MERT v1 330M",
        dim=1024,
        parameters=315_428_992,
        citation=_MERT,
        licence="CC-BY-NC-4.0",
        training_sets=("not published (160,000 h of music)",),
        sample_rate=24000,
    ),
}
