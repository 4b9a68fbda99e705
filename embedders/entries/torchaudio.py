"""Rows of torchaudio's pipelines. No sha256 of the files is published: they are named by the user, never fetched."""

from __future__ import annotations

from embedders.base import Entry, Weights

_HOST = "https://download.pytorch.org/torchaudio/models"
_WAV2VEC2 = (
    "Baevski et al., wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations, NeurIPS 2020"
)
_HUBERT = (
    "Hsu et al., HuBERT: Self-Supervised Speech Representation Learning by Masked Prediction of Hidden Units, "
    "IEEE/ACM Transactions on Audio, Speech, and Language Processing 29, 2021"
)
_WAVLM = (
    "Chen et al., WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech Processing, IEEE Journal of "
    "Selected Topics in Signal Processing 16(6), 2022"
)
_XLSR = (
    "Babu et al., XLS-R: Self-supervised Cross-lingual Speech Representation Learning at Scale, Interspeech 2022; "
    "network of wav2vec 2.0"
)
_XLSR_53 = (
    "Conneau et al., Unsupervised Cross-lingual Representation Learning for Speech Recognition, Interspeech 2021; "
    "network of wav2vec 2.0"
)
_XLSR_SETS = ("Multilingual LibriSpeech", "Common Voice", "VoxLingua107", "BABEL", "VoxPopuli")
_WAVLM_SETS = ("Libri-Light", "GigaSpeech", "VoxPopuli")


def _entry(
    bundle: str, file: str, *, title: str, dim: int, parameters: int, citation: str, training_sets: tuple[str, ...]
) -> Entry:
    return Entry(
        title=f"{title}, mean of all layers",
        factory="embedders.torchaudio_pipelines:TorchaudioPipeline",
        kwargs={"bundle": bundle, "layer": "mean", "pooling": "mean"},
        dim=dim,
        sample_rate=16000,
        parameters=parameters,
        libraries=("torch", "torchaudio"),
        citation=citation,
        licence="MIT",
        training_sets=training_sets,
        weights=Weights(
            file=file,
            sha256="",
            url="",
            licence="MIT",
            redistributable=True,
            way_out=(
                f"Download {_HOST}/{file} and name its path as `weights:` of the entry in params.yaml; its sha256 is "
                "then part of the embedder. None is published, so moodbench neither fetches it nor looks for it."
            ),
        ),
    )


ENTRIES: dict[str, Entry] = {
    "wav2vec2_base": _entry(
        "WAV2VEC2_BASE",
        "wav2vec2_fairseq_base_ls960.pth",
        title="wav2vec 2.0 base",
        dim=768,
        parameters=94_370_944,
        citation=_WAV2VEC2,
        training_sets=("LibriSpeech",),
    ),
    "wav2vec2_large": _entry(
        "WAV2VEC2_LARGE",
        "wav2vec2_fairseq_large_ls960.pth",
        title="wav2vec 2.0 large",
        dim=1024,
        parameters=315_427_968,
        citation=_WAV2VEC2,
        training_sets=("LibriSpeech",),
    ),
    "wav2vec2_large_lv60k": _entry(
        "WAV2VEC2_LARGE_LV60K",
        "wav2vec2_fairseq_large_lv60k.pth",
        title="wav2vec 2.0 large (LV-60k)",
        dim=1024,
        parameters=315_437_696,
        citation=_WAV2VEC2,
        training_sets=("Libri-Light",),
    ),
    "wav2vec2_xlsr_53": _entry(
        "WAV2VEC2_XLSR53",
        "wav2vec2_fairseq_large_xlsr53.pth",
        title="XLSR-53",
        dim=1024,
        parameters=315_437_696,
        citation=_XLSR_53,
        training_sets=("Multilingual LibriSpeech", "Common Voice", "BABEL"),
    ),
    "wav2vec2_xlsr_300m": _entry(
        "WAV2VEC2_XLSR_300M",
        "wav2vec2_xlsr_300m.pth",
        title="XLS-R 300M",
        dim=1024,
        parameters=315_437_696,
        citation=_XLSR,
        training_sets=_XLSR_SETS,
    ),
    "wav2vec2_xlsr_1b": _entry(
        "WAV2VEC2_XLSR_1B",
        "wav2vec2_xlsr_1b.pth",
        title="XLS-R 1B",
        dim=1280,
        parameters=962_496_128,
        citation=_XLSR,
        training_sets=_XLSR_SETS,
    ),
    "wav2vec2_xlsr_2b": _entry(
        "WAV2VEC2_XLSR_2B",
        "wav2vec2_xlsr_2b.pth",
        title="XLS-R 2B",
        dim=1920,
        parameters=2_159_257_728,
        citation=_XLSR,
        training_sets=_XLSR_SETS,
    ),
    "hubert_base": _entry(
        "HUBERT_BASE",
        "hubert_fairseq_base_ls960.pth",
        title="HuBERT base",
        dim=768,
        parameters=94_370_944,
        citation=_HUBERT,
        training_sets=("LibriSpeech",),
    ),
    "hubert_large": _entry(
        "HUBERT_LARGE",
        "hubert_fairseq_large_ll60k.pth",
        title="HuBERT large",
        dim=1024,
        parameters=315_434_112,
        citation=_HUBERT,
        training_sets=("Libri-Light",),
    ),
    "hubert_xlarge": _entry(
        "HUBERT_XLARGE",
        "hubert_fairseq_xlarge_ll60k.pth",
        title="HuBERT extra large",
        dim=1280,
        parameters=962_492_544,
        citation=_HUBERT,
        training_sets=("Libri-Light",),
    ),
    "wavlm_base": _entry(
        "WAVLM_BASE",
        "wavlm_base.pth",
        title="WavLM base",
        dim=768,
        parameters=94_381_168,
        citation=_WAVLM,
        training_sets=("LibriSpeech",),
    ),
    "wavlm_base_plus": _entry(
        "WAVLM_BASE_PLUS",
        "wavlm_base_plus.pth",
        title="WavLM base+",
        dim=768,
        parameters=94_381_168,
        citation=_WAVLM,
        training_sets=_WAVLM_SETS,
    ),
    "wavlm_large": _entry(
        "WAVLM_LARGE",
        "wavlm_large.pth",
        title="WavLM large",
        dim=1024,
        parameters=315_452_096,
        citation=_WAVLM,
        training_sets=_WAVLM_SETS,
    ),
}
