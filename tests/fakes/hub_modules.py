"""SavedModels that are called and answer as the TF Hub modules do, on a formula that numpy can check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW, PARTS = 15600, 26  # a frame is seen as the loudness of 26 pieces
HOPS = {"vggish": 15360, "yamnet": 7680, "trill": 2720, "trillsson1": 15600}
DIMS = {"vggish": 128, "yamnet": 1024, "trill": 12288, "trillsson1": 1024}


def matrix(kind: str) -> NDArray[np.float32]:
    """Random weights of a stand-in, shape (26, dim)."""
    generator = np.random.default_rng(sorted(DIMS).index(kind))
    return generator.standard_normal((PARTS, DIMS[kind])).astype(np.float32)


def write(kind: str, folder: Path, *, output: str = "", dim: int = 0, hop: int = 0) -> None:
    """Save a stand-in for `kind`; `output` renames its vectors, `dim` cuts them, `hop` moves them."""
    import tensorflow as tf

    module = tf.Module()
    module.matrix = tf.Variable(matrix(kind)[:, : dim or DIMS[kind]])

    def vectors(waves: Any) -> Any:
        frames = tf.signal.frame(waves, WINDOW, hop or HOPS[kind])
        pieces = tf.reshape(frames, tf.concat([tf.shape(frames)[:-1], [PARTS, WINDOW // PARTS]], axis=0))
        return tf.sqrt(tf.reduce_mean(tf.square(pieces), axis=-1)) @ module.matrix

    def vggish(waveform: Any) -> Any:
        return vectors(waveform)

    def yamnet(waveform: Any) -> Any:
        beyond = tf.maximum(tf.size(waveform) - WINDOW, 0)
        whole = WINDOW + HOPS[kind] * -(-beyond // HOPS[kind])
        found = vectors(tf.pad(waveform, [[0, whole - tf.size(waveform)]]))
        return found[:, :521], found, tf.signal.frame(waveform, 64, 160)

    def trill(samples: Any, sample_rate: Any) -> Any:
        padded = tf.pad(samples, [[0, tf.maximum(16000 - tf.size(samples), 0)]])
        found = vectors(padded) * tf.cast(sample_rate, tf.float32) / 16000.0
        return {"embedding": found[:, :512], output or "layer19": found}

    def trillsson1(audio_samples: Any) -> Any:
        missing = tf.maximum(32000 - tf.shape(audio_samples)[1], 0)
        found = vectors(tf.pad(audio_samples, [[0, 0], [0, missing]], mode="SYMMETRIC"))
        return {output or "embedding": tf.reduce_mean(found, axis=1)}

    waves = tf.TensorSpec([None], tf.float32)
    taken = {"trill": [waves, tf.TensorSpec([], tf.int32)], "trillsson1": [tf.TensorSpec([None, None], tf.float32)]}
    functions = {"vggish": vggish, "yamnet": yamnet, "trill": trill, "trillsson1": trillsson1}
    call = tf.function(functions[kind], input_signature=taken.get(kind, [waves]))
    if output == "only a signature":
        tf.saved_model.save(module, str(folder), signatures=call)
    else:
        module.__call__ = call
        tf.saved_model.save(module, str(folder))
