"""What recordings are called, so that a model's training sets and a task's dataset can be told to be the same.

A name stands here once, spelled as its makers spell it. `training_sets` of an embedder use these names; a remark may
follow in brackets. A dataset that no corpus lists, such as one of the user's own, is a corpus of its own name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """One body of recordings.

    `datasets` are the names of builders that hold it or a part of it. `part_of` names larger corpora that hold all of
    it, `shares_with` those that may hold some of the same recordings.
    """

    name: str
    datasets: tuple[str, ...] = ()
    part_of: tuple[str, ...] = ()
    shares_with: tuple[str, ...] = ()


def _named(*names: str) -> tuple[Corpus, ...]:
    """Corpora that only train models."""
    return tuple(Corpus(name=name) for name in names)


CORPORA: tuple[Corpus, ...] = (
    # speech with emotions
    Corpus(name="AESDD", datasets=("aesdd",)),
    Corpus(name="CaFE", datasets=("cafe",)),
    Corpus(name="CREMA-D", datasets=("tfds_crema_d",)),
    Corpus(name="EmoDB", datasets=("emodb",)),
    Corpus(name="EMOVO", datasets=("emovo",)),
    Corpus(name="IEMOCAP", datasets=("iemocap",)),
    Corpus(name="RAVDESS", datasets=("ravdess",)),
    Corpus(name="SAVEE", datasets=("tfds_savee",)),
    Corpus(name="ShEMO", datasets=("shemo",)),
    Corpus(name="SUBESCO", datasets=("subesco",)),
    Corpus(name="TESS", datasets=("tess",)),
    Corpus(name="URDU", datasets=("urdu",)),
    *_named("CMU-MOSEI", "ESD", "LSSED", "MEAD", "MELD", "MSP-IMPROV", "MSP-Podcast"),
    Corpus(  # 32 corpora put together; of those not named here none is a task's
        name="EmoBox",
        shares_with=(
            *("AESDD", "CaFE", "CREMA-D", "EmoDB", "EMOVO", "ESD", "IEMOCAP", "MEAD", "MELD", "MSP-Podcast", "RAVDESS"),
            *("SAVEE", "ShEMO", "SUBESCO", "TESS", "URDU"),
        ),
    ),
    # speech
    Corpus(name="FSDD", datasets=("spoken_digits",)),  # Free Spoken Digit Dataset
    Corpus(name="LibriSpeech", part_of=("LibriVox",)),
    Corpus(name="Libri-Light", part_of=("LibriVox",)),
    Corpus(name="Multilingual LibriSpeech", part_of=("LibriVox",)),
    *_named(
        "BABEL",
        "Common Voice",
        "Fisher",
        "GigaSpeech",
        "LibriVox",
        "LJSpeech",
        "Speech Commands",
        "Switchboard",
        "TED-LIUM",
        "TIMIT",
        "VCTK",
        "VoxCeleb1",
        "VoxCeleb2",
        "VoxLingua107",
        "VoxPopuli",
        "WenetSpeech",
    ),
    # sound
    Corpus(name="AudioCaps", part_of=("AudioSet",)),
    Corpus(name="Clotho", part_of=("Freesound",)),
    Corpus(name="ESC-50", datasets=("esc50", "esc10"), part_of=("Freesound",)),
    Corpus(name="FSD50K", part_of=("Freesound",)),
    Corpus(name="UrbanSound8K", part_of=("Freesound",)),
    Corpus(name="LAION-Audio-630K", shares_with=("Freesound", "FSD50K", "ESC-50", "Clotho")),
    Corpus(name="WavCaps", shares_with=("AudioSet", "Freesound", "FSD50K", "ESC-50", "Clotho")),
    *_named("AudioSet", "Freesound", "VGGSound", "YouTube-8M"),
    # what tells nothing of a task's recordings
    *_named("ImageNet", "not published"),
    # music
    Corpus(name="DEAM", datasets=("deam",), shares_with=("FMA",)),
    Corpus(name="emoMusic", datasets=("emomusic",), part_of=("DEAM",), shares_with=("FMA",)),
    Corpus(name="Emotify", datasets=("emotify",), shares_with=("MagnaTagATune",)),  # both of the label Magnatune
    Corpus(name="FMA", datasets=("fma_small",)),
    Corpus(name="GTZAN", datasets=("gtzan_artist",)),
    Corpus(name="MagnaTagATune", datasets=("magnatagatune",)),
    Corpus(name="MTG-Jamendo", datasets=("mtg_jamendo",)),
    Corpus(name="MusicCaps", datasets=("musiccaps",), part_of=("AudioSet",)),
    *_named("MedleyDB", "Million Song Dataset", "MIR-1K", "MUSDB18", "Music4All", "NSynth"),
)
