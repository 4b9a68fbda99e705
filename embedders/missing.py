"""Whether a model may be fetched, and what an embedder says when it cannot be had here: a state of its row, no fault.

It stands apart from `base.py`, whose every byte is part of each embedder's identity.
"""

from __future__ import annotations

import os

from embedders.base import EmbedderError

OFFLINE = "MOODBENCH_OFFLINE"  # 1 forbids to fetch anything


class MissingWeightsError(EmbedderError):
    """A model cannot be had on this machine: the row is not run. The message says what to fetch, and where to."""


def is_offline() -> bool:
    """Whether the user forbids to fetch."""
    return os.environ.get(OFFLINE) == "1"
