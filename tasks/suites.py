"""Suites: named, versioned lists of tasks. A changed list needs a new version (a test holds that)."""

from tasks.base import Suite

_SPEECH = (
    "ravdess",
    "emodb",
    "emovo",
    "aesdd",
    "cafe",
    "crema_d",
    "iemocap",
    "savee",
    "shemo",
    "subesco",
    "urdu",
)
_SERAB = (
    "aesdd_serab",
    "cafe_serab",
    "crema_d_serab",
    "emodb_serab",
    "emovo_serab",
    "iemocap_serab",
    "ravdess_serab",
    "savee_serab",
    "shemo_serab",
)
_LEAKING = {name: f"{name}_original" for name in ("iemocap_serab", "shemo_serab")}
_MOOD = ("emotify_mood3", "jamendo_mood4", "jamendo_hs", "jamendo_re", "jamendo_mood8")
_GENRE = ("emotify_genre", "gtzan", "fma_small")
_SOUND = ("esc10", "esc50")

SUITES = (
    Suite(
        name="demo",
        title="Demo (synthetic)",
        version=1,
        tasks=("demo_speech_emotion", "demo_music_mood", "demo_music_genre"),
        note="Synthesised corpora: they show that everything works, not how good an embedder is.",
    ),
    Suite(
        name="smoke",
        title="Smoke test (synthetic)",
        version=1,
        tasks=("smoke_speech_emotion",),
        note="A cut of the synthesised speech: in a minute it shows that all works here, and nothing else.",
    ),
    Suite(
        name="speech_emotion",
        title="Speech emotion",
        version=2,
        tasks=_SPEECH,
        note="Speaker-disjoint folds; every clip is predicted once, out of fold.",
    ),
    Suite(
        name="serab",
        title="SERAB parts",
        version=2,
        tasks=_SERAB,
        note="SERAB's nine sets in speaker-disjoint parts, for comparison with print; one small test part a corpus. "
        "IEMOCAP and ShEMO are in parts by true speakers, so no printed figure stands beside them.",
        published="serab",
    ),
    Suite(
        name="serab_original",
        title="SERAB original parts (2 of 9 LEAKING)",
        version=1,
        tasks=tuple(_LEAKING.get(name, name) for name in _SERAB),
        note="SERAB's nine sets in the parts of its code. Those of IEMOCAP and ShEMO leak: test speakers are in "
        "training. So the means say what print says, and not how well an embedder does on new speakers.",
        published="serab",
    ),
    Suite(
        name="seen_speakers",
        title="Speech emotion, seen speakers",
        version=1,
        tasks=("tess",),
        note="Both speakers of TESS are in every part; only the words are new. Stands beside no other figure.",
    ),
    Suite(
        name="music_mood",
        title="Music mood",
        version=2,
        tasks=_MOOD,
        note="Artist-disjoint parts. The four Jamendo tasks ask the same clips, so the means are mostly about these.",
    ),
    Suite(
        name="music_genre",
        title="Music genre",
        version=2,
        tasks=_GENRE,
        note="Artist-disjoint parts.",
    ),
    Suite(
        name="music",
        title="Music mood and genre",
        version=1,
        tasks=(*_MOOD, *_GENRE),
        note="Artist-disjoint parts. Clips of Emotify and Jamendo are asked more than once.",
    ),
    Suite(
        name="sound_events",
        title="Sound events",
        version=1,
        tasks=_SOUND,
        note="The official five folds; no source recording lies in two of them.",
    ),
    Suite(
        name="spoken_content",
        title="Spoken content",
        version=1,
        tasks=("spoken_digits",),
        note="A control: what is said, not how; a voice at a time is left out.",
    ),
    Suite(
        name="music_tags",
        title="Music tags",
        version=1,
        tasks=(
            "magnatagatune",
            *(f"jamendo_moodtheme_split{number}" for number in range(5)),
            "emotify_gems_labels",
        ),
        note="Several tags a clip: the probe does not score such tasks yet.",
    ),
    Suite(
        name="music_mood_numbers",
        title="Music mood as numbers",
        version=1,
        tasks=("emotify_gems", "emomusic_valence", "emomusic_arousal"),
        note="Regression: the probe does not score such tasks yet.",
    ),
    Suite(
        name="music_mood_deam",
        title="Music mood as numbers, DEAM",
        version=1,
        tasks=("deam_valence", "deam_arousal"),
        note="Regression: the probe does not score such tasks yet. A suite of its own, because DEAM holds emoMusic.",
    ),
    Suite(
        name="text_music",
        title="Text and music",
        version=1,
        tasks=("musiccaps_retrieval",),
        note="Retrieval: the probe does not score such tasks yet.",
    ),
    Suite(
        name="all",
        title="All that is scored",
        version=1,
        tasks=(*_SPEECH, *_SERAB, "subesco_serab", *_MOOD, *_GENRE, *_SOUND, "spoken_digits"),
        note="Every task on real audio that the probe scores, but for leaking parts and seen speakers. To run all at "
        "once: its means count corpora twice, read its columns.",
    ),
)
