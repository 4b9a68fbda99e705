"""PANNs, convolutional networks that tag the sounds of AudioSet; torch loads at the first `embed`, not here."""

from embedders.panns.embedder import Panns
from embedders.panns.variants import VARIANTS

__all__ = ["VARIANTS", "Panns"]
