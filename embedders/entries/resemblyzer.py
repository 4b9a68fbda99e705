"""The row of Resemblyzer."""

from __future__ import annotations

from embedders.base import Entry, Weights

ENTRIES: dict[str, Entry] = {
    "resemblyzer": Entry(
        title="Resemblyzer (GE2E speaker embedding)",
        factory="embedders.resemblyzer:Resemblyzer",
        dim=256,
        sample_rate=16000,
        parameters=1_423_616,
        libraries=("torch", "torchaudio"),
        citation=(
            "Wan et al., Generalized End-to-End Loss for Speaker Verification, ICASSP 2018; weights of Resemblyzer"
        ),
        licence="Apache-2.0",
        training_sets=("LibriSpeech", "VoxCeleb1", "VoxCeleb2"),
        weights=Weights(
            file="resemblyzer.pt",
            sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            url="",
            licence="Apache-2.0",
            redistributable=True,
            way_out=(
                "Take resemblyzer/pretrained.pt out of the wheel of Resemblyzer 0.1.4 (pip download --no-deps "
                "Resemblyzer==0.1.4) and put it into weights/ as resemblyzer.pt."
            ),
        ),
    ),
}
