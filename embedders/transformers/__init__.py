"""Audio networks of Hugging Face transformers; torch and transformers load at the first `embed`, not here."""

from embedders.transformers.clap import Clap
from embedders.transformers.encoder import AudioEncoder

__all__ = ["AudioEncoder", "Clap"]
