"""Encoded bytes of a clip to mono int16 at one rate, and the identity of what comes out."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tfds_builders.common.errors import SourceError

EXTENSIONS = ("wav", "flac", "ogg", "mp3")
DECODER = f"soundfile {soundfile.__version__} ({soundfile.__libsndfile_version__})"
RESAMPLER = f"soxr {soxr.__version__} HQ"

_EXACT_IN_INT16 = ("PCM_16", "PCM_S8", "PCM_U8")
_UNKNOWN_RIFF_SIZE = 0xFFFFFFFF  # written by programs that stream


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


def read_header(raw: bytes, name: str) -> Header:
    """Reads the header of an encoded clip.

    Raises:
      SourceError: the bytes are no audio that libsndfile reads, are cut short, or hold no sample.
    """
    _refuse_cut_riff(raw, name)
    try:
        info = soundfile.info(io.BytesIO(raw))
    except soundfile.LibsndfileError as error:
        raise _broken(name, str(error)) from error
    if info.frames < 1:
        raise _broken(name, "no samples")
    return Header(rate=int(info.samplerate), channels=int(info.channels), frames=int(info.frames))


def decode(raw: bytes, name: str, rate: int) -> NDArray[np.int16]:
    """Decodes a clip to mono at `rate` Hz; 16-bit mono PCM at that rate comes out bit for bit.

    Channels are averaged, another rate is converted by soxr HQ, and the result is rounded once, to
    the nearest even on ties, and clipped to the int16 range.

    Returns:
      Samples of shape (time,).

    Raises:
      SourceError: as `read_header`, or fewer samples come out than the header says, or not finite.
    """
    _refuse_cut_riff(raw, name)
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as file:
            declared, clip_rate = file.frames, file.samplerate
            if file.subtype in _EXACT_IN_INT16:
                samples = file.read(dtype="int16", always_2d=True).astype(np.float64)
            else:  # decoded as floats, because libsndfile's own conversion to int16 can wrap around
                samples = file.read(dtype="float64", always_2d=True) * 32768.0
    except soundfile.LibsndfileError as error:
        raise _broken(name, str(error)) from error
    if len(samples) != declared or not len(samples):
        raise _broken(name, f"{len(samples)} of {declared} samples can be decoded")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise _broken(name, "samples that are not finite")
    if clip_rate != rate:
        mono = soxr.resample(mono, clip_rate, rate, quality="HQ")
    samples_16: NDArray[np.int16] = np.clip(np.rint(mono), -32768, 32767).astype(np.int16)
    return samples_16


def identity_of(raw_sha256: str, *how: str) -> str:
    """Identity of a clip: sha256 (hex) of the encoded member's sha256 and of what turns it into samples."""
    return hashlib.sha256("\n".join((raw_sha256, *how)).encode()).hexdigest()


def _refuse_cut_riff(raw: bytes, name: str) -> None:
    """libsndfile silently shortens a cut wav; its RIFF header still says how long it should be."""
    if raw[:4] == b"RIFF":
        declared = int.from_bytes(raw[4:8], "little")
        if declared != _UNKNOWN_RIFF_SIZE and declared + 8 > len(raw) + 1:  # +1: a missing pad byte is harmless
            raise _broken(name, f"{len(raw)} bytes where the header says {declared + 8}")


def _broken(name: str, found: str) -> SourceError:
    return SourceError(
        f"clip {name!r} cannot be decoded: found {found}; expected a whole {'/'.join(EXTENSIONS)} file. "
        "Get the archive again, or unpack it anew."
    )
