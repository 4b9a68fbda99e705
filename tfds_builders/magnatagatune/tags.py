"""MagnaTagATune's table of tags: which of the fifty standard tags each clip has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tfds_builders.common.annotations import read_rows
from tfds_builders.common.errors import SourceError

ROWS = 25_863  # of the official table

# The fifty most frequent of the 188 tags, commonest first: the standard task.
TOP_50 = (
    *("guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano"),
    *("ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing"),
    *("vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop"),
    *("soft", "sitar", "solo", "man", "classic", "choir", "voice", "new age", "dance", "male voice"),
    *("female vocal", "beats", "harp", "cello", "no voice", "weird", "country", "metal", "female voice", "choral"),
)

_NOT_TAGS = ("clip_id", "mp3_path")


def read_tags(text: str) -> dict[str, tuple[str, ...]]:
    """Reads annotations_final.csv: separated by tabs, a column a tag, 0 or 1 for each clip.

    Returns:
      The standard tags of each clip, in the order of `TOP_50`, by its path (`f/artist-album-…-30-59.mp3`).

    Raises:
      SourceError: a tag has no column, a value is not 0 or 1, a path comes twice, or the whole official number of
        clips has other tags than the standard ones as its most frequent.
    """
    names = [name.strip().strip('"') for name in text.partition("\n")[0].split("\t")]
    columns = list(dict.fromkeys(("mp3_path", *TOP_50, *(name for name in names if name not in _NOT_TAGS))))
    every: dict[str, tuple[str, ...]] = {}
    for line, row in read_rows("magnatagatune", "annotations_final.csv", text, columns, delimiter="\t"):
        path = row.pop("mp3_path")
        if strange := [f"{name} {value!r}" for name, value in row.items() if value not in ("0", "1")]:
            raise _refused(f"line {line}: found {strange[0]}; expected 0 or 1 for each of {len(row)} tags")
        if not path or path in every:
            raise _refused(f"line {line}: found the path {path!r}; expected every clip's path once")
        every[path] = tuple(name for name, value in row.items() if value == "1")
    if len(every) == ROWS:
        _check_standard(every)
    return {path: tuple(tag for tag in TOP_50 if tag in tags) for path, tags in every.items()}


def by_frequency(tags: Iterable[Iterable[str]]) -> dict[str, int]:
    """How often each tag was given, from the tags of every clip; commonest first, by name on a tie."""
    given = Counter(tag for clip in tags for tag in clip)
    return dict(sorted(given.items(), key=lambda item: (-item[1], item[0])))


def _check_standard(every: Mapping[str, tuple[str, ...]]) -> None:
    """On a tie at the end any choice of fifty is as good: what counts is that no other tag is more frequent."""
    given = by_frequency(every.values())
    rarest = min(TOP_50, key=lambda tag: given.get(tag, 0))
    if others := [tag for tag, count in given.items() if tag not in TOP_50 and count > given.get(rarest, 0)]:
        raise _refused(f"found {others} more often than the standard tag {rarest!r}; expected the published counts")


def _refused(found: str) -> SourceError:
    return SourceError(f"magnatagatune: annotations_final.csv {found}. Get annotations_final.csv again.")
