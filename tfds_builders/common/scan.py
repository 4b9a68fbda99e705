"""One look at a corpus before it is built: every clip with its place, identity and part, and how this copy differs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tfds_builders.common.audio import DECODER, RESAMPLER, Header, Limits, decode, identity_of, read_header
from tfds_builders.common.clips import TOO_MANY, broken_clips, clip_path, refuse_odd_ids, refuse_twins
from tfds_builders.common.errors import MemberError, SourceError
from tfds_builders.common.parts import PARTS, speaker_parts
from tfds_builders.common.source import Source
from tfds_builders.common.variant import Census, Facts, most_common, variant_id

Fields = Mapping[str, Any]
Span = tuple[float, float]  # start and end in seconds
Clip = tuple[str, Fields, Span | None]  # id, fields, and the part of its file, None for the whole


@dataclass(frozen=True)
class Member:
    """A file of the archive that is named as expected, with its clips."""

    name: str
    place: PurePosixPath
    clips: list[Clip]


@dataclass(frozen=True)
class Entry:
    """A clip of an archive, seen once: where it is, what it is, and how to make it."""

    clip_id: str
    fields: Fields
    identity: str
    member: str
    span: Span | None


@dataclass(frozen=True)
class Scanned:
    """A corpus as it is here: its clips, the rate (Hz) that they get, and what the builder notes of them."""

    entries: list[Entry]
    rate: int
    notes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a builder expects of its archive."""

    name: str
    facts: Facts | None
    limits: Limits
    clip_depth: int
    least_known: float  # share of the audio files that must be named as expected
    instructions: str
    clips_in: Callable[[PurePosixPath], Iterable[Clip]]


@dataclass
class _Seen:
    census: Census = field(default_factory=Census)
    clips: list[tuple[Clip, str, int, str]] = field(default_factory=list)  # clip, sha256, rate, member
    broken: dict[str, MemberError] = field(default_factory=dict)

    def add(self, member: Member, raw: bytes, header: Header) -> None:
        sha256, extension = hashlib.sha256(raw).hexdigest(), member.place.suffix.lower().lstrip(".")
        for clip in member.clips:
            span = clip[2]
            self.census.add(header, extension, None if span is None else span[1] - span[0])
            self.clips.append((clip, sha256, header.rate, member.name))


def known(expected: Expected, source: Source) -> tuple[int, list[Member]]:
    """How many audio members there are, and those that are named as expected.

    Raises:
      SourceError: most are named otherwise, so it is another corpus; or two are one clip.
    """
    audio = source.audio()
    places = [(member, clip_path(member, expected.clip_depth)) for member in audio]
    found = [Member(name, place, clips) for name, place in places if (clips := list(expected.clips_in(place)))]
    if not found or len(found) < expected.least_known * len(audio):
        example = f", such as {audio[0]!r}" if audio else ""
        raise SourceError.of(
            f"{source.path.name} is not {expected.name}",
            f"{len(audio)} audio files among {len(source.members)} members{example}, of which {len(found)} are named "
            f"as in {expected.name}",
            str(expected.facts.clips if expected.facts else 0),
            expected.instructions,
        )
    rows = [(clip_id, span, member.name) for member in found for clip_id, _, span in member.clips]
    refuse_odd_ids(source.path.name, [clip_id for clip_id, _, _ in rows])
    keys = [clip_id if span is None else f"{clip_id}.span" for clip_id, span, _ in rows]  # only a file has an extension
    refuse_twins(source.path.name, keys, [name for _, _, name in rows])
    return len(audio), found


def scan(expected: Expected, source: Source, *, skip_broken: bool) -> Scanned:
    """Reads every member once; `skip_broken` also decodes it, and leaves out and notes what is broken.

    Raises:
      SourceError: another corpus, or broken clips (all are named) that are not to be left out, or too many of them.
    """
    audio, members = known(expected, source)
    seen = _Seen()
    for member in members:
        try:
            raw = source.read(member.name)
            header = read_header(raw, member.name, expected.limits)
            if skip_broken:  # what only decoding shows must be known before the parts are made
                decode(raw, member.name, header.rate)
        except MemberError as error:
            seen.broken.update({clip_id: error for clip_id, _, _ in member.clips})
        else:
            seen.add(member, raw, header)
    errors = list({error.member: error for error in seen.broken.values()}.values())
    if errors and not skip_broken:
        raise broken_clips(source.path.name, errors, len(members))
    if 2 * len(errors) > len(members):
        raise broken_clips(source.path.name, errors, len(members), TOO_MANY)
    found = seen.census.facts()
    rate = int(most_common(found.rates))
    facts = expected.facts
    notes: dict[str, Any] = {
        "variant": variant_id(found, facts) if facts else "",
        "found": {**found.record(), "left_out": audio - len(members)},
        "expected": facts.record() if facts else {},
        "decoder": DECODER,
    }
    if skip_broken:
        notes["skipped"] = [
            {"clip": clip_id, "reason": f"clip {clip_id!r}: found {error.found}; expected {error.expected}"}
            for clip_id, error in sorted(seen.broken.items())
        ]
    return Scanned([_entry(*each, rate) for each in seen.clips], rate, notes)


def _entry(clip: Clip, sha256: str, own: int, member: str, rate: int) -> Entry:
    clip_id, fields, span = clip
    how = [DECODER] if own == rate else [DECODER, f"{RESAMPLER} {rate} Hz"]
    cut = [] if span is None else [f"{span[0]!r} s to {span[1]!r} s"]
    return Entry(clip_id, fields, identity_of(sha256, *how, *cut), member, span)


def parts_of(
    where: str, clips: Sequence[tuple[str, str, str | None]], group: str, fractions: Sequence[float]
) -> dict[str, str]:
    """The part of each clip, given as (id, its group, its official part): the official one, or by the common rule.

    Raises:
      SourceError: only some clips have an official part, one is unknown, or a part would be empty.
    """
    parts = {clip_id: part for clip_id, _, part in clips}
    if set(parts.values()) <= {None}:
        shares = speaker_parts([name for _, name, _ in clips], fractions).items()
        of_group = {name: part for part, members in shares for name in members}
        parts = {clip_id: of_group[name] for clip_id, name, _ in clips}
    if strange := [clip_id for clip_id, part in parts.items() if part not in PARTS]:
        raise SourceError.of(
            where,
            f"clip {strange[0]!r} in the part {parts[strange[0]]!r}",
            f"one of {', '.join(PARTS)} for every clip",
            "Get the whole corpus with its list of parts.",
        )
    if empty := [part for part in PARTS if part not in parts.values()]:
        raise SourceError.of(
            where,
            f"{len({name for _, name, _ in clips})} different {group}, too few for the parts: {', '.join(empty)} would "
            "be empty",
            "one or more in each",
            "Get the whole corpus.",
        )
    return {clip_id: str(part) for clip_id, part in parts.items()}
