"""Suites: named, versioned lists of tasks. A changed list needs a new version (a test holds that)."""

from tasks.base import Suite

SUITES = (
    Suite(
        name="demo",
        title="Demo (synthetic)",
        version=1,
        tasks=("demo_speech_emotion", "demo_music_mood", "demo_music_genre"),
        note="Synthesised corpora: they show that everything works, not how good an embedder is.",
    ),
    Suite(
        name="speech_emotion",
        title="Speech emotion",
        version=1,
        tasks=("ravdess", "emodb", "emovo"),
        note="Speaker-disjoint folds; every clip is predicted once, out of fold.",
    ),
    Suite(
        name="serab",
        title="SERAB parts",
        version=1,
        tasks=("ravdess_serab", "emodb_serab", "emovo_serab"),
        note="SERAB's speaker-disjoint parts, for comparison with print; one small test part a corpus.",
        published="serab",
    ),
    Suite(
        name="music_mood",
        title="Music mood",
        version=1,
        tasks=("emotify_mood3",),
        note="Artist-disjoint folds.",
    ),
    Suite(
        name="music_genre",
        title="Music genre",
        version=1,
        tasks=("emotify_genre",),
        note="Artist-disjoint folds.",
    ),
)
