"""Rows that a trained embedder should beat."""

from __future__ import annotations

from embedders.base import Entry

ENTRIES: dict[str, Entry] = {
    "mfcc_stats": Entry(
        title="MFCC and slopes, mean and deviation",
        factory="embedders.mfcc:MfccStats",
        dim=80,
        sample_rate=16000,
        parameters=0,
        libraries=("numpy", "scipy"),
        citation=(
            "Davis and Mermelstein, Comparison of Parametric Representations for Monosyllabic Word Recognition in "
            "Continuously Spoken Sentences, IEEE Transactions on Acoustics, Speech, and Signal Processing 28(4), 1980"
        ),
        licence="MIT",
    ),
    "random_cnn": Entry(
        title="Untrained convolutional network",
        factory="embedders.random_cnn:RandomCnn",
        kwargs={"seed": 0},
        dim=512,
        sample_rate=16000,
        parameters=0,
        libraries=("torch", "torchaudio"),
        citation="Pons and Serra, Randomly Weighted CNNs for (Music) Audio Classification, ICASSP 2019",
        licence="MIT",
    ),
}
