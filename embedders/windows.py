"""Cutting a long clip into windows. numpy only."""

from __future__ import annotations

from embedders.base import Clip


def cut(clip: Clip, longest: int) -> list[Clip]:
    """The clip itself, or windows of `longest` samples in a row, the last one moved back to end with it."""
    last = len(clip) - longest
    if last <= 0:
        return [clip]
    return [clip[start : start + longest] for start in [*range(0, last, longest), last]]
