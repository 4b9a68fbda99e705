"""BYOL-S with a convolutional vision transformer; torch loads at the first `embed`, not here."""

from embedders.byol_cvt.embedder import ByolCvt

__all__ = ["ByolCvt"]
