"""Rows of Hugging Face transformers, and of CLAP by LAION's own package."""

from __future__ import annotations

from embedders.base import Entry
from embedders.entries.transformers import clap, encoders

ENTRIES: dict[str, Entry] = {**encoders.ENTRIES, **clap.ENTRIES}
