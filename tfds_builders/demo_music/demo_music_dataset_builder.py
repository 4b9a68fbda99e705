"""demo_music: a synthesised corpus of music with moods, genres and captions, the default that needs no download."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from tfds_builders.common.base import ClipBuilder, Recipe
from tfds_builders.common.synthesis import recipe_text
from tfds_builders.demo_music import recipe as recipes
from tfds_builders.demo_music.piece import RATE, render


class Builder(ClipBuilder):
    """312 synthetic pieces by 24 artists, four moods, four genres; parts are disjoint by artist."""

    VERSION = tfds.core.Version(recipes.VERSION)
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"mood": recipes.MOODS, "genre": recipes.GENRES}
    GROUP = "artist_id"
    SAMPLE_RATE = RATE
    DUMMY_LIMIT = recipes.ARTISTS

    def extra_features(self) -> dict[str, Any]:
        """A sentence or two about the piece."""
        return {"caption": tfds.features.Text()}

    def recipes(self) -> Iterator[Recipe]:
        """Every piece, cheap to list."""
        for piece in recipes.corpus():
            fields = {
                "artist_id": piece.artist.name,
                "mood": piece.mood,
                "genre": piece.genre,
                "caption": recipes.caption(piece),
            }
            yield Recipe(piece.clip_id, fields, recipe_text(piece), piece)

    def synthesise(self, recipe: Recipe) -> NDArray[np.int16]:
        """22.05 kHz samples, shape (time,)."""
        return render(recipe.parameters, recipes.VERSION)
