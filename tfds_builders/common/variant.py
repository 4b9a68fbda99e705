"""How the present copy of a corpus differs from the official one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tfds_builders.common.audio import Header

SHARE_TOLERANCE = 0.05  # a few odd files (EMOVO has one mono clip among stereo) make no variant
SECONDS_TOLERANCE = 0.25  # a part of the speakers has another median length than all


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the official corpus holds; each mapping counts clips by rate in Hz, channels, extension.

    `seconds` is the median length of a clip.
    """

    clips: int
    rates: Mapping[int, int]
    channels: Mapping[int, int]
    extensions: Mapping[str, int]
    seconds: float

    def record(self) -> dict[str, Any]:
        """As JSON: counts under string keys, commonest first."""
        return {
            "clips": self.clips,
            "rates": _record(self.rates),
            "channels": _record(self.channels),
            "extensions": _record(self.extensions),
            "seconds": round(self.seconds, 3),
        }


@dataclass
class Census:
    """Counts the clips of the present copy."""

    rates: Counter[int] = field(default_factory=Counter)
    channels: Counter[int] = field(default_factory=Counter)
    extensions: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, header: Header, extension: str, seconds: float | None = None) -> None:
        """Counts one clip; `seconds` where it is only a span of its file."""
        self.rates[header.rate] += 1
        self.channels[header.channels] += 1
        self.extensions[extension] += 1
        self.seconds.append(header.seconds if seconds is None else seconds)

    def facts(self) -> Facts:
        """The counts as facts; at least one clip must have been added."""
        return Facts(
            clips=len(self.seconds),
            rates=dict(self.rates),
            channels=dict(self.channels),
            extensions=dict(self.extensions),
            seconds=median(self.seconds),
        )


def most_common(counts: Mapping[Any, int]) -> Any:
    """The commonest key; the smaller one on a tie."""
    return min(counts, key=lambda key: (-counts[key], key))


def variant_id(found: Facts, expected: Facts) -> str:
    """Short name of the difference, "" where the copy is the official one.

    The format is named by its gravest difference only, in the order length (`15s`), rate (`16k`),
    channels (`mono`), encoding (`flac`); `mixed` where the commonest value is the official one, but
    too many clips have another. Missing clips add `partial`, surplus ones `extended`.
    """
    names = [_format_difference(found, expected)]
    if found.clips != expected.clips:
        names.append("partial" if found.clips < expected.clips else "extended")
    return "-".join(name for name in names if name)


def _format_difference(found: Facts, expected: Facts) -> str:
    if abs(found.seconds - expected.seconds) > SECONDS_TOLERANCE * expected.seconds:
        return f"{found.seconds:.3g}s"
    if not _alike(found.rates, expected.rates):
        rate = most_common(found.rates)
        return "mixed" if rate == most_common(expected.rates) else f"{rate / 1000:g}k"
    if not _alike(found.channels, expected.channels):
        channels = most_common(found.channels)
        if channels == most_common(expected.channels):
            return "mixed"
        return {1: "mono", 2: "stereo"}.get(channels, f"{channels}ch")
    if not _alike(found.extensions, expected.extensions):
        extension = most_common(found.extensions)
        return "mixed" if extension == most_common(expected.extensions) else str(extension)
    return ""


def _alike(found: Mapping[Any, int], expected: Mapping[Any, int]) -> bool:
    """Whether the shares agree but for `SHARE_TOLERANCE` of the clips."""
    totals = sum(found.values()), sum(expected.values())
    keys = set(found) | set(expected)
    moved = sum(abs(found.get(key, 0) / totals[0] - expected.get(key, 0) / totals[1]) for key in keys) / 2
    return moved <= SHARE_TOLERANCE


def _record(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(key): counts[key] for key in sorted(counts, key=lambda key: (-counts[key], key))}
