"""An untrained convolutional network; torch loads at the first `embed`, not here."""

from embedders.random_cnn.embedder import RandomCnn

__all__ = ["RandomCnn"]
