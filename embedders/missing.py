"""What an embedder says when its model cannot be had here: a state of its row, no fault.

It stands apart from `base.py`, whose every byte is part of each embedder's identity.
"""

from __future__ import annotations

from embedders.base import EmbedderError


class MissingWeightsError(EmbedderError):
    """A model cannot be had on this machine: the row is not run. The message says what to fetch, and where to."""
