"""Tasks over the embedded demo corpora. Their audio is synthesised; tables say so."""

from dataclasses import replace

from tasks.base import GroupKFold, Task

_SPEECH = Task(
    name="demo_speech_emotion",
    title="Demo speech emotion (synthetic)",
    dataset="demo_speech",
    domain="speech emotion",
    target="emotion",
    group="speaker_id",
    split=GroupKFold(3),
    normalisation="group",
    citation="moodbench, tfds_builders/demo_speech",
    licence="MIT",
    access="generated",
    language="none (synthetic syllables)",
    synthetic=True,
)

TASKS = (
    _SPEECH,
    replace(
        _SPEECH,
        name="smoke_speech_emotion",
        title="Smoke test, speech emotion (synthetic)",
        dataset="demo_speech/smoke",
    ),
    Task(
        name="demo_music_mood",
        title="Demo music mood (synthetic)",
        dataset="demo_music",
        domain="music mood",
        target="mood",
        group="artist_id",
        split=GroupKFold(3),
        normalisation="train",
        citation="moodbench, tfds_builders/demo_music",
        licence="MIT",
        access="generated",
        language="instrumental",
        synthetic=True,
    ),
    Task(
        name="demo_music_genre",
        title="Demo music genre (synthetic)",
        dataset="demo_music",
        domain="music genre",
        target="genre",
        group="artist_id",
        split=GroupKFold(3),
        normalisation="train",
        citation="moodbench, tfds_builders/demo_music",
        licence="MIT",
        access="generated",
        language="instrumental",
        synthetic=True,
    ),
)
