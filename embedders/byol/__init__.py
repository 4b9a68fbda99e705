"""BYOL-A and BYOL-S encoders; torch loads at the first `embed`, not here."""

from embedders.byol.embedder import Byol

__all__ = ["Byol"]
