"""What an embedder's answer must be, checked for every batch of every run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ContractError


def validate_vectors(vectors: object, count: int, dim: int, names: Sequence[str]) -> NDArray[np.float32]:
    """`vectors` itself, when it is a finite float32 array of shape (count, dim).

    `names` are the clips of the batch, in order, for the message.

    Raises:
        ContractError: it is anything else; says what was found, what was expected and the way out.
    """
    where = f"embedding {names[0]!r}" + (f" and {len(names) - 1} more" if len(names) > 1 else "") if names else "embed"
    expected = f"a float32 array of shape ({count}, {dim})"
    if not isinstance(vectors, np.ndarray):
        kind = f"{type(vectors).__module__}.{type(vectors).__qualname__}".removeprefix("builtins.")
        raise ContractError(f"{where}: found a {kind}, expected {expected}. Convert it to numpy on the CPU.")
    if vectors.shape != (count, dim):
        raise ContractError(
            f"{where}: found shape {vectors.shape}, expected {(count, dim)}. Return one vector of `dim` numbers for "
            "each clip, or correct `dim`."
        )
    if vectors.dtype != np.float32:
        raise ContractError(
            f"{where}: found dtype {vectors.dtype}, expected float32. Return `vectors.astype(numpy.float32)`."
        )
    finite = np.isfinite(vectors)
    if not finite.all():
        row = int(np.flatnonzero(~finite.all(axis=1))[0])
        bad = vectors[row][~finite[row]]
        clip = f"clip {row} ({names[row]!r})" if row < len(names) else f"clip {row}"
        raise ContractError(
            f"{where}: found {bad[0]} among the {dim} numbers of {clip}, {bad.size} not finite; expected finite "
            "numbers only. If the clip is too short for the model declare `min_seconds`; otherwise answer a defined "
            "value where the model has none."
        )
    return vectors
