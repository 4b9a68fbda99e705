"""Google's speech_embedding, a small network from keyword spotting, in the ONNX form of openWakeWord.

Network: Lin et al., "Training Keyword Spotters with Limited and Synthesized Speech Data", ICASSP 2020.
The front end is openWakeWord's (its file melspectrogram.onnx), computed here with numpy.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.onnx.session import described, open_session

SAMPLE_RATE, N_FFT, WINDOW, HOP, BANDS = 16000, 512, 400, 160, 32
LOW, HIGH = 60.0, 3800.0  # Hz
FRAMES, STEP = 76, 8  # spectrogram frames that the network sees, and between two of its vectors: 80 ms
WIDTH = 96
MIN_SAMPLES = N_FFT + (FRAMES - 1) * HOP
FULL_SCALE = 32768.0  # the front end wants samples as in 16-bit files
LEAST, RANGE = 1e-10, 80.0  # floors of the mel power: absolute, and in dB below the clip's loudest
_WINDOWS_A_RUN = 64  # bounds memory, changes no vector
_BLOCK = 4096  # frames transformed at a time


class SpeechEmbedding:
    """The mean over time of the network's vectors, one every 80 ms, each of 76 frames (0.78 s): 96 numbers.

    The spectrogram is made of the whole clip. Up to 7 frames (70 ms) at its end begin no window of
    their own and are left over. `weights` is the path of the network's .onnx file.
    """

    sample_rate = SAMPLE_RATE
    dim = WIDTH
    min_seconds = MIN_SAMPLES / SAMPLE_RATE
    in_workers = True

    def __init__(self, weights: str | Path) -> None:
        self._weights = Path(weights)
        self._session: Any = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), 96).

        Raises `EmbedderError` for a clip below 12512 samples and for a file that is another network.
        """
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, windows in zip(vectors, self._windows(clips), strict=True):
            row[:] = windows.mean(axis=0, dtype=np.float64)
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip the network's vectors, shape (windows, 96), and the windows' centres in seconds."""
        return [
            (windows, (np.arange(len(windows)) * STEP * HOP + MIN_SAMPLES / 2) / SAMPLE_RATE)
            for windows in self._windows(clips)
        ]

    def _windows(self, clips: Sequence[Clip]) -> Iterator[Vectors]:
        require_samples(clips, MIN_SAMPLES, "speech_embedding")
        session = self._open()
        source, target = session.get_inputs()[0].name, session.get_outputs()[0].name
        for clip in clips:
            spectrum = log_mel(clip).astype(np.float32)
            windows = np.lib.stride_tricks.sliding_window_view(spectrum, FRAMES, axis=0)[::STEP]
            batches = np.ascontiguousarray(windows.transpose(0, 2, 1)[..., None])  # (windows, 76, 32, 1)
            runs = range(0, len(batches), _WINDOWS_A_RUN)
            answers = [session.run([target], {source: batches[start : start + _WINDOWS_A_RUN]})[0] for start in runs]
            yield np.concatenate(answers).reshape(-1, WIDTH)

    def _open(self) -> Any:
        if self._session is None:
            session = open_session(self._weights, "speech_embedding", threads=1)
            inputs, outputs = session.get_inputs(), session.get_outputs()
            shapes = [list(node.shape[1:]) for node in (*inputs, *outputs)]
            if shapes != [[FRAMES, BANDS, 1], [1, 1, WIDTH]] or isinstance(inputs[0].shape[0], int):
                raise EmbedderError(
                    f"speech_embedding: {self._weights} takes {described(inputs)} and gives {described(outputs)}; "
                    f"expected (n, {FRAMES}, {BANDS}, 1) and (n, 1, 1, {WIDTH}). Give embedding_model.onnx of "
                    "openWakeWord; melspectrogram.onnx is not needed."
                )
            self._session = session
        return self._session


def log_mel(clip: Clip) -> NDArray[np.float64]:
    """dB / 10 + 2 of the mel power, not below 80 dB under its maximum, shape (1 + (n - 512) // 160, 32)."""
    hann, bank = _hann_and_bank()
    frames = np.lib.stride_tricks.sliding_window_view(clip, N_FFT)[::HOP]
    blocks = np.array_split(frames, -(-len(frames) // _BLOCK))
    power = np.concatenate([np.abs(np.fft.rfft(FULL_SCALE * block * hann, axis=1)) ** 2 @ bank for block in blocks])
    decibel = 10.0 * np.log10(np.maximum(power, LEAST))
    return np.maximum(decibel, decibel.max() - RANGE) / 10.0 + 2.0


@functools.cache
def _hann_and_bank() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A Hann window of 400 in the middle of 512, and 32 triangles of equal area on the Slaney scale."""
    hann = np.zeros(N_FFT)
    start = (N_FFT - WINDOW) // 2
    hann[start : start + WINDOW] = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
    low, high = LOW * 3 / 200, 15.0 + 27.0 * np.log(HIGH / 1000.0) / np.log(6.4)  # linear below 1 kHz, then log
    mels = np.linspace(low, high, BANDS + 2)
    edges = np.where(mels < 15.0, mels * 200 / 3, 1000.0 * 6.4 ** ((mels - 15.0) / 27.0))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    corners = zip(edges, edges[1:], edges[2:], strict=False)
    bank = [np.interp(bins, corner, [0.0, 2.0 / (corner[2] - corner[0]), 0.0]) for corner in corners]
    return hann, np.array(bank).T
