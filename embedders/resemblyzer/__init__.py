"""Resemblyzer's speaker embedding; torch loads at the first `embed`, not here."""

from embedders.resemblyzer.embedder import Resemblyzer

__all__ = ["Resemblyzer"]
