"""What an embedder says of itself, before anything is computed: its declarations, and statistics that it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmark.errors import ContractError
from embedders.base import Clip, Declared, Embedder, FittedEmbedder
from embedders.declarations import wrong_declarations

_PAIR = ("fit_statistics", "statistics_record")


def require(embedder: Embedder) -> None:
    """Raises `ContractError` where one of its declarations cannot be."""
    wrong = [
        f"{name} is {value!r}, expected a whole number above 0"
        for name, value in (("sample_rate", embedder.sample_rate), ("dim", embedder.dim))
        if not is_whole(value)
    ]
    if wrong := [*wrong, *wrong_besides(embedder)]:
        raise ContractError(f"{type(embedder).__name__}: {'; '.join(wrong)}. Mend it on the class.")


def wrong_besides(embedder: Embedder) -> list[str]:
    """What is wrong with all that it declares but its rate and dim, one text each."""
    wrong = wrong_declarations(Declared.of(embedder))
    has, lacks = sorted(_PAIR, key=lambda name: hasattr(embedder, name), reverse=True)
    if hasattr(embedder, has) and not hasattr(embedder, lacks):
        wrong.append(f"it has {has} without {lacks}, expected both or neither")
    return wrong


def is_whole(value: object) -> bool:
    """Whether a value is a whole number above 0, of Python's or numpy's types."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value > 0)


def fitted(embedder: Embedder, clips: Iterable[Clip], dataset: str) -> dict[str, Any]:
    """Fit an embedder that wants a dataset's statistics; answers its record of them, empty for any other.

    Raises:
        ContractError: the record is none that can be kept.
    """
    if not isinstance(embedder, FittedEmbedder):
        return {}
    embedder.fit_statistics(clips, dataset=dataset)
    record = embedder.statistics_record()
    try:
        kept = dict(record)
        json.dumps(kept, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"{type(embedder).__name__}: statistics_record answered {str(record)[:200]} ({error}), expected a "
            "mapping of names to finite numbers, texts and lists of Python's own. Mend it, by float(…) and the like."
        ) from None
    return kept
