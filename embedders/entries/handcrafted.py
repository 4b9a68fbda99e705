"""Rows of hand-made features by librosa."""

from __future__ import annotations

from embedders.base import Entry

_LIBROSA = (
    "McFee et al., librosa: Audio and Music Signal Analysis in Python, SciPy 2015; the list is in docs/embedders.md"
)


def _entry(name: str, *, title: str, dim: int, sample_rate: int, citation: str) -> Entry:
    return Entry(
        title=title,
        factory=f"embedders.handcrafted:{name}",
        dim=dim,
        sample_rate=sample_rate,
        parameters=0,
        libraries=("librosa", "numpy", "scipy"),
        extra="features",
        citation=citation,
        licence="MIT",
    )


ENTRIES: dict[str, Entry] = {
    "handcrafted_127": _entry(
        "MoodFeatures",
        title="Hand-made features for mood (127)",
        dim=127,
        sample_rate=16000,
        citation=_LIBROSA,
    ),
    "fma_features": _entry(
        "FmaFeatures",
        title="Features of the FMA dataset (518)",
        dim=518,
        sample_rate=44100,
        citation="Defferrard et al., FMA: A Dataset for Music Analysis, ISMIR 2017",
    ),
    "genre_197": _entry(
        "GenreFeatures",
        title="Hand-made features for genre (197)",
        dim=197,
        sample_rate=22050,
        citation=_LIBROSA,
    ),
}
