"""musicnn, a convolutional network for music tags; torch loads at the first `embed`, not here."""

from embedders.musicnn.embedder import Musicnn
from embedders.musicnn.tags import TAGS

__all__ = ["TAGS", "Musicnn"]
