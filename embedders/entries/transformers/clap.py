"""Rows of LAION's CLAP: as transformers reads it, and the checkpoints of its own package as they were published."""

from __future__ import annotations

from embedders.base import Entry, Weights

_CLAP = (
    "Wu et al., Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption "
    "Augmentation, ICASSP 2023"
)
# the audio network of every checkpoint begins as an HTS-AT that was trained to tag AudioSet
_HTSAT = ("AudioSet (with labels, before CLAP's own training)", "ImageNet (images)")
_630K = ("LAION-Audio-630K", "AudioCaps", "Clotho", "FSD50K", *_HTSAT)
_SETS = ("AudioSet", *_630K)
_MUSIC = "not published (music with captions)"
_MUSIC_AND_SPEECH = "not published (music and speech with captions)"


def _clap(model: str, revision: str, *, title: str, parameters: int, training_sets: tuple[str, ...]) -> Entry:
    return Entry(
        title=title,
        factory="embedders.transformers:Clap",
        kwargs={"model": model, "revision": revision, "width": 512},
        dim=512,
        sample_rate=48000,
        parameters=parameters,
        libraries=("torch", "torchaudio", "transformers"),
        extra="transformers",
        citation=_CLAP,
        licence="Apache-2.0",
        training_sets=training_sets,
    )


def _laion(file: str, *, title: str, training_sets: tuple[str, ...], amodel: str = "HTSAT-base") -> Entry:
    return Entry(
        title=f"{title} (laion_clap)",
        factory="embedders.laion:LaionClap",
        kwargs={"amodel": amodel},
        dim=512,
        sample_rate=48000,
        parameters={"HTSAT-tiny": 157_250_713, "HTSAT-base": 198_481_177}[amodel],  # with heads that embed nothing
        libraries=("laion-clap", "torch", "torchlibrosa", "transformers"),
        citation=_CLAP,
        licence="CC0-1.0",
        training_sets=training_sets,
        weights=Weights(
            file=file,
            sha256="",
            url="",
            licence="CC0-1.0",
            redistributable=True,
            way_out=(
                f"Download {file} of the repository lukewys/laion_clap of the Hugging Face hub (hf download "
                f"lukewys/laion_clap {file}) and name its path as `weights:` of the entry in params.yaml; its sha256 "
                "is then part of the embedder. It needs the package: pip install laion-clap."
            ),
        ),
    )


ENTRIES: dict[str, Entry] = {
    "clap_htsat_unfused": _clap(
        "laion/clap-htsat-unfused",
        "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
        title="LAION-CLAP, HTS-AT tiny without fusion",
        parameters=153_492_890,
        training_sets=_SETS,
    ),
    "clap_larger_music": _clap(
        "laion/larger_clap_music",
        "a0b4534a14f58e20944452dff00a22a06ce629d1",
        title="LAION-CLAP larger, music",
        parameters=193_913_882,
        training_sets=(_MUSIC, *_SETS),
    ),
    "clap_larger_general": _clap(
        "laion/larger_clap_general",
        "ada0c23a36c4e8582805bb38fec3905903f18b41",
        title="LAION-CLAP larger, general",
        parameters=193_913_882,
        training_sets=(_MUSIC_AND_SPEECH, *_SETS),
    ),
    "laion_clap_630k": _laion(
        "630k-best.pt",
        title="LAION-CLAP 630k",
        amodel="HTSAT-tiny",
        training_sets=_630K,
    ),
    "laion_clap_630k_audioset": _laion(
        "630k-audioset-best.pt",
        title="LAION-CLAP 630k and AudioSet",
        amodel="HTSAT-tiny",
        training_sets=_SETS,
    ),
    "laion_clap_music": _laion(
        "music_audioset_epoch_15_esc_90.14.pt",
        title="LAION-CLAP music",
        training_sets=(_MUSIC, *_SETS),
    ),
    "laion_clap_music_speech": _laion(
        "music_speech_epoch_15_esc_89.25.pt",
        title="LAION-CLAP music and speech",
        training_sets=(_MUSIC_AND_SPEECH, *_630K),
    ),
    "laion_clap_music_speech_audioset": _laion(
        "music_speech_audioset_epoch_15_esc_89.98.pt",
        title="LAION-CLAP music, speech and AudioSet",
        training_sets=(_MUSIC_AND_SPEECH, *_SETS),
    ),
}
