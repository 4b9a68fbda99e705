"""Rows of ConGRUFormer; their weights are trained by the user."""

from __future__ import annotations

from embedders.base import Entry, Weights


def _entry(variant: str, *, what: str, dim: int, sample_rate: int, parameters: int) -> Entry:
    return Entry(
        title=f"ConGRUFormer, {what}",
        factory="embedders.congruformer:Congruformer",
        kwargs={"variant": variant},
        dim=dim,
        sample_rate=sample_rate,
        parameters=parameters,
        libraries=("torch", "torchaudio"),
        citation="moodbench's own build of the architecture; the design for music mood is told in docs/embedders.md",
        licence="MIT",
        weights=Weights(
            file=f"congruformer_{variant}.pt",
            sha256="",
            url="",
            licence="MIT",
            redistributable=True,
            way_out=(
                f"No trained checkpoint is published. Train variant {variant!r}, save its state_dict(), and name the "
                "file as `weights:` of the entry in params.yaml."
            ),
        ),
    )


ENTRIES: dict[str, Entry] = {
    "congruformer_spectrogram": _entry(
        "spectrogram", what="spectrogram", dim=432, sample_rate=22050, parameters=13_036_672
    ),
    "congruformer_spectrogram_small": _entry(
        "spectrogram_small", what="spectrogram, small", dim=312, sample_rate=22050, parameters=7_928_896
    ),
    "congruformer_audio": _entry("audio", what="raw audio", dim=312, sample_rate=16000, parameters=9_194_816),
    "congruformer_transformer": _entry(
        "transformer", what="pure transformer", dim=96, sample_rate=22050, parameters=149_376
    ),
}
