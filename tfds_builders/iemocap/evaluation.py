"""IEMOCAP's emotions: one text file a dialogue, one line a turn."""

from __future__ import annotations

from pathlib import PurePosixPath

from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Source

CLASSES = {"ang": "anger", "hap": "happiness", "exc": "happiness", "sad": "sadness", "neu": "neutral"}
_OTHERS = ("xxx", "fru", "sur", "oth", "fea", "dis")  # xxx: the listeners did not agree


def read_evaluation(source: Source) -> dict[str, dict[str, str | None]]:
    """The class of each turn (None for another emotion) of each dialogue, from `EmoEvaluation/<dialogue>.txt`.

    Files further down (the single listeners' answers) are left alone. Members are read in the archive's order, so a
    compressed tar is passed once.

    Raises:
      SourceError: a line is not as in the release, or names an unknown emotion.
    """
    return {
        path.stem: _turns(source.read(member).decode("utf-8", errors="replace"), path.name)
        for member in source.members
        if (path := PurePosixPath(member)).parent.name == "EmoEvaluation" and path.suffix == ".txt"
    }


def _turns(text: str, name: str) -> dict[str, str | None]:
    """Lines such as `[6.29 - 8.23]<tab>Ses01F_impro01_F000<tab>neu<tab>[2.5, 2.5, 2.5]`; other lines are details."""
    turns: dict[str, str | None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("["):
            continue
        columns = line.split("\t")
        emotion = columns[2].strip() if len(columns) > 2 else ""
        if not (emotion in CLASSES or emotion in _OTHERS):
            raise SourceError(
                f"iemocap: line {number} of EmoEvaluation/{name}: found {line[:80]!r}; expected time, turn and one of "
                f"{', '.join((*CLASSES, *_OTHERS))}, with tabs between. Unpack the archive anew."
            )
        turns[columns[1].strip()] = CLASSES.get(emotion)
    return turns
