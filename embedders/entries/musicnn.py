"""Rows of musicnn."""

from __future__ import annotations

from dataclasses import replace

from embedders.base import Entry, Weights

_PENULTIMATE = Entry(
    title="musicnn (MagnaTagATune), penultimate layer",
    factory="embedders.musicnn:Musicnn",
    kwargs={"output": "penultimate"},
    dim=200,
    sample_rate=16000,
    parameters=787_159,
    libraries=("torch", "torchaudio"),
    citation=(
        "Pons and Serra, musicnn: Pre-trained convolutional neural networks for music audio tagging, Late-breaking "
        "session of ISMIR 2019"
    ),
    licence="ISC",
    training_sets=("MagnaTagATune",),
    weights=Weights(
        file="musicnn_mtt.npz",
        sha256="e865c3fbe5d830b51a0fc56395d92ee412f1c7970b166eca130509f53e952cd5",
        url="",
        licence="ISC",
        redistributable=True,
        way_out=(
            "Put musicnn_mtt.npz into weights/. Without it, export the checkpoint MTT_musicnn of the GitHub repository "
            "jordipons/musicnn as docs/embedders.md says, and name your file as `weights:` of the entry in params.yaml."
        ),
    ),
)

ENTRIES: dict[str, Entry] = {
    "musicnn": _PENULTIMATE,
    "musicnn_tags": replace(
        _PENULTIMATE,
        title="musicnn (MagnaTagATune), probabilities of 50 tags",
        kwargs={"output": "taggram"},
        dim=50,
    ),
}
