"""Emotify's tables: listeners' answers to shares of emotions and to one mood a track; artists.

Only the columns that the targets need are read: no listener's age, gender or language goes further.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tfds_builders.common.annotations import read_rows
from tfds_builders.common.errors import SourceError

# The nine factors of the Geneva Emotional Music Scale, in the order of data.csv.
GEMS = (
    "amazement",
    "solemnity",
    "tenderness",
    "nostalgia",
    "calmness",
    "power",
    "joyful_activation",
    "tension",
    "sadness",
)

# Zentner, Grandjean and Scherer, Emotion 8(4), 2008: the scale's three superordinate factors.
MOODS: Mapping[str, tuple[str, ...]] = {
    "sublimity": ("amazement", "solemnity", "tenderness", "nostalgia", "calmness"),
    "vitality": ("power", "joyful_activation"),
    "unease": ("tension", "sadness"),
}

# data.csv numbers the tracks through: offset of the genre + file number.
OFFSETS: Mapping[str, int] = {"classical": 0, "rock": 100, "electronic": 200, "pop": 300}


@dataclass(frozen=True)
class Answers:
    """What the listeners of one track answered: the share of each GEMS factor, in [0, 1]."""

    genre: str
    shares: tuple[float, ...]

    @property
    def mood(self) -> str:
        """The mood whose factors have the highest mean share; the earlier of `MOODS` on a tie."""
        share = dict(zip(GEMS, self.shares, strict=True))
        return max(MOODS, key=lambda mood: sum(share[factor] for factor in MOODS[mood]) / len(MOODS[mood]))

    @property
    def labels(self) -> tuple[str, ...]:
        """The factors that at least one third of the listeners felt, in the order of `GEMS`; possibly none."""
        return tuple(factor for factor, share in zip(GEMS, self.shares, strict=True) if share >= 1 / 3)


def read_answers(text: str) -> dict[int, Answers]:
    """Reads data.csv: one line a listener and track, column names with leading blanks.

    Returns:
      Answers by track id (1 to 400).

    Raises:
      SourceError: a column is missing, a value is not 0 or 1, or genre and id disagree.
    """
    counts: dict[int, list[list[int]]] = defaultdict(list)
    genres: dict[int, str] = {}
    for line, row in read_rows("emotify", "data.csv", text, ("track id", "genre", *GEMS)):
        genre, answers = row["genre"], [row[factor] for factor in GEMS]
        if not row["track id"].isdecimal() or not set(answers) <= {"0", "1"} or genre not in OFFSETS:
            raise SourceError(
                f"emotify: data.csv line {line}: found track {row['track id']!r}, genre {genre!r}, answers {answers}; "
                f"expected a number, one of {', '.join(OFFSETS)}, and nine of 0 or 1. Get data.csv again."
            )
        track = int(row["track id"])
        if not OFFSETS[genre] < track <= OFFSETS[genre] + 100:
            raise SourceError(
                f"emotify: data.csv line {line}: found track {track} as {genre}; "
                f"expected ids {OFFSETS[genre] + 1} to {OFFSETS[genre] + 100} there. Get data.csv again."
            )
        genres[track] = genre
        counts[track].append([int(answer) for answer in answers])
    return {
        track: Answers(genres[track], tuple(sum(column) / len(rows) for column in zip(*rows, strict=True)))
        for track, rows in counts.items()
    }


def read_artists(text: str) -> dict[str, str]:
    """Reads artists.csv (columns `file` and `artist`): artist by `<genre>/<number>`, without the file's extension.

    Raises:
      SourceError: a column or an artist is missing.
    """
    rows = read_rows("emotify", "artists.csv", text, ("file", "artist"))
    artists = {row["file"].rpartition(".")[0]: row["artist"] for _, row in rows}
    if nameless := sorted(file for file, artist in artists.items() if not artist):
        raise SourceError(
            f"emotify: artists.csv: found no artist for {len(nameless)} files, such as {nameless[0]}; expected one each"
        )
    return artists
