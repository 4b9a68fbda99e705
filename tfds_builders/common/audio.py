"""Encoded bytes of a clip to mono int16 at one rate, and the identity of what comes out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tfds_builders.common.errors import MemberError

# Extension -> what libsndfile may find in such a file. A copy whose extension says another encoding would pass for
# the official set, because the variant's name is made from extensions.
FORMATS = {
    "wav": ("WAV", "WAVEX", "RF64", "W64"),
    "flac": ("FLAC",),
    "ogg": ("OGG",),
    "opus": ("OGG",),
    "mp3": ("MP3",),
}
EXTENSIONS = tuple(FORMATS)
DECODER = f"soundfile {soundfile.__version__} ({soundfile.__libsndfile_version__})"
RESAMPLER = f"soxr {soxr.__version__} HQ"

_EXACT_IN_INT16 = ("PCM_16", "PCM_S8", "PCM_U8")
_UNKNOWN_RIFF_SIZE = 0xFFFFFFFF  # written by programs that stream
# Samples of all channels decoded at once (1 GiB as floats). Reading an mp3 in pieces moves some samples by one step of
# 16 bits, because libsndfile seeks between them; so only what is too large to be held, above 25 min of stereo, is.
_BLOCK = 2**27


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a clip may be, judged by its header; a builder whose corpus is otherwise declares its own."""

    min_seconds: float = 0.01  # one window of a short-time analysis; less has no spectrum to speak of
    max_seconds: float = 3600.0  # the longest pieces of music corpora; more is an uncut recording, and is held whole
    max_channels: int = 8  # 7.1 surround; more is a damaged header
    min_rate: int = 4000  # Hz; half the telephone's 8000 Hz still carries a voice's pitch, less does not
    max_rate: int = 96000  # Hz; the highest rate that studios deliver, more is a damaged header

    def check(self, header: Header, name: str) -> None:
        """Refuses a clip outside of the limits.

        Raises:
          MemberError: naming the first limit that it breaks.
        """
        if not 1 <= header.channels <= self.max_channels:
            raise MemberError(name, f"{header.channels} channels", f"1 to {self.max_channels}")
        if not self.min_rate <= header.rate <= self.max_rate:
            raise MemberError(name, f"a rate of {header.rate} Hz", f"{self.min_rate} to {self.max_rate} Hz")
        if not self.min_seconds <= header.seconds <= self.max_seconds:
            found = f"{header.frames} samples, {header.seconds:.4g} s"
            raise MemberError(name, found, f"{self.min_seconds:g} to {self.max_seconds:g} s")


@dataclass(frozen=True)
class Header:
    """What a clip's header says, without decoding: rate in Hz, channels, length in frames."""

    rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


LIMITS = Limits()


def opened(raw: bytes, name: str) -> soundfile.SoundFile:
    """Opens an encoded clip with libsndfile; close it.

    Raises:
      MemberError: the bytes are no audio that it reads, or fewer than their header says.
    """
    _refuse_cut(raw, name)
    try:
        return soundfile.SoundFile(io.BytesIO(raw))
    except soundfile.LibsndfileError as error:
        found = f"nothing that libsndfile can read ({error.error_string.rstrip('.')})"
        start = raw[:40].decode("ascii", "replace")
        if "\N{REPLACEMENT CHARACTER}" not in start and all(char.isprintable() or char.isspace() for char in start):
            found = f"text that begins {start!r}" if raw else "an empty file"
        raise _broken(name, found) from error


def read_header(raw: bytes, name: str, limits: Limits = LIMITS) -> Header:
    """Reads the header of an encoded clip, and judges the clip by it.

    Raises:
      MemberError: the bytes are no audio that libsndfile reads, not what the extension of `name` says, cut short,
        hold no sample, or are outside of `limits`.
    """
    with opened(raw, name) as file:
        header = Header(rate=int(file.samplerate), channels=int(file.channels), frames=int(file.frames))
        kind = file.format
    extension = PurePosixPath(name).suffix.lower().lstrip(".")
    if extension in FORMATS and kind not in FORMATS[extension]:
        raise MemberError(name, f"{kind} audio in a file named .{extension}", _or(FORMATS[extension]))
    if header.frames < 1:
        raise _broken(name, "no samples")
    limits.check(header, name)
    return header


def decode(raw: bytes, name: str, rate: int) -> NDArray[np.int16]:
    """Decodes a clip to mono at `rate` Hz; 16-bit mono PCM at that rate comes out bit for bit.

    Channels are averaged, another rate is converted by soxr HQ, and the result is rounded once, to
    the nearest even on ties, and clipped to the int16 range.

    Returns:
      Samples of shape (time,).

    Raises:
      MemberError: the bytes are no whole audio, fewer samples come out than the header says, or not finite.
    """
    blocks: list[NDArray[np.float64]] = []
    with opened(raw, name) as file:
        declared, clip_rate = file.frames, file.samplerate
        exact = file.subtype in _EXACT_IN_INT16
        frames = max(_BLOCK // file.channels, 1)
        try:  # others are decoded as floats, because libsndfile's own conversion to int16 can wrap around
            while len(block := file.read(frames, dtype="int16" if exact else "float64", always_2d=True)):
                blocks.append((block.astype(np.float64) if exact else block * 32768.0).mean(axis=1))
        except soundfile.LibsndfileError as error:
            raise _broken(name, "audio that is damaged or breaks off") from error
    mono = np.concatenate(blocks or [np.zeros(0)])
    if len(mono) != declared or not len(mono):
        raise _broken(name, f"{len(mono)} of the {declared} samples that its header says")
    if wrong := np.count_nonzero(~np.isfinite(mono)):
        raise MemberError(name, f"{wrong} of {len(mono)} samples not finite (NaN or infinite)", "finite samples")
    if clip_rate != rate:
        mono = soxr.resample(mono, clip_rate, rate, quality="HQ")
    samples_16: NDArray[np.int16] = np.clip(np.rint(mono), -32768, 32767).astype(np.int16)
    return samples_16


def identity_of(raw_sha256: str, *how: str) -> str:
    """Identity of a clip: sha256 (hex) of the encoded member's sha256 and of what turns it into samples."""
    return hashlib.sha256("\n".join((raw_sha256, *how)).encode()).hexdigest()


def _refuse_cut(raw: bytes, name: str) -> None:
    """libsndfile silently shortens a cut wav or ogg; their headers still say how long they should be."""
    declared = max(_declared_ends(raw), default=0)
    if declared > len(raw) + 1:  # +1: a missing pad byte is harmless
        raise _broken(name, f"{len(raw)} of the {declared} bytes that its header says")


def _declared_ends(raw: bytes) -> Iterator[int]:
    """Where the file, or its audio, should end by its headers."""

    def number(offset: int, size: int = 4) -> int:
        return int.from_bytes(raw[offset : offset + size], "little")

    if raw[:4] == b"RIFF":
        if number(4) != _UNKNOWN_RIFF_SIZE:
            yield number(4) + 8
        chunk = 12
        while chunk + 8 <= len(raw) and raw[chunk : chunk + 4] != b"data":
            chunk += 8 + number(chunk + 4) + number(chunk + 4) % 2
        if raw[chunk : chunk + 4] == b"data" and number(chunk + 4) != _UNKNOWN_RIFF_SIZE:
            yield chunk + 8 + number(chunk + 4)
    elif raw[:4] == b"RF64" and raw[12:16] == b"ds64":
        yield number(20, 8) + 8
    elif raw[:4] == b"riff":  # Sony Wave64
        yield number(16, 8)
    elif raw[:4] == b"OggS":
        page = raw.rfind(b"OggS")
        segments = raw[page + 27 : page + 27 + number(page + 26, 1)]
        yield page + 27 + number(page + 26, 1) + sum(segments)


def _broken(name: str, found: str) -> MemberError:
    return MemberError(name, found, f"a whole {_or(EXTENSIONS)}")


def _or(names: Sequence[str]) -> str:
    return " or ".join([*filter(None, [", ".join(names[:-1])]), names[-1]])
