"""ConGRUFormer, a network for music mood; torch loads at the first `embed`, not here."""

from embedders.congruformer.embedder import Congruformer
from embedders.congruformer.variants import VARIANTS

__all__ = ["VARIANTS", "Congruformer"]
