"""MusicCaps's table: caption and aspects of each video's ten seconds."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tfds_builders.common.annotations import read_rows
from tfds_builders.common.errors import SourceError


@dataclass(frozen=True)
class Caption:
    """What a musician wrote of the seconds from `start` to `end` of a video."""

    start: str
    end: str
    caption: str
    aspects: tuple[str, ...]


def read_captions(text: str) -> dict[str, Caption]:
    """Reads musiccaps-public.csv.

    Returns:
      Captions by the id of the video.

    Raises:
      SourceError: a column is missing, a video comes twice, or a caption or the list of aspects cannot be read.
    """
    captions: dict[str, Caption] = {}
    columns = ("ytid", "start_s", "end_s", "aspect_list", "caption")
    for line, row in read_rows("musiccaps", "musiccaps-public.csv", text, columns):
        aspects = _aspects(row["aspect_list"])
        if not row["ytid"] or row["ytid"] in captions or not row["caption"] or aspects is None:
            raise SourceError(
                f"musiccaps: musiccaps-public.csv line {line}: found video {row['ytid']!r}, caption "
                f"{row['caption']!r}, aspects {row['aspect_list']!r}; expected each video once, with a caption and a "
                "list of aspects. Get musiccaps-public.csv again."
            )
        captions[row["ytid"]] = Caption(row["start_s"], row["end_s"], row["caption"], aspects)
    return captions


def _aspects(text: str) -> tuple[str, ...] | None:
    """The texts of a Python list, as the table holds them; None for anything else."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return tuple(found) if isinstance(found, list) and all(isinstance(each, str) for each in found) else None
