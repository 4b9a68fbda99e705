"""demo_speech: a synthesised corpus of emotional speech, the default that needs no download."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from tfds_builders.common.base import ClipBuilder, Recipe
from tfds_builders.common.synthesis import recipe_text
from tfds_builders.demo_speech import recipe as recipes
from tfds_builders.demo_speech.voice import RATE, render


@dataclasses.dataclass(eq=False, kw_only=True)
class Cut(tfds.core.BuilderConfig):
    """How much of the corpus: its first speakers and sentences, each clip the same in every cut."""

    speakers: int = recipes.SPEAKERS
    sentences: int = len(recipes.SENTENCES)


class Builder(ClipBuilder):
    """432 synthetic clips: 12 speakers, six sentences, six emotions; parts are disjoint by speaker."""

    VERSION = tfds.core.Version(recipes.VERSION)
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[Cut]] = [
        Cut(name="full", description="The whole corpus."),
        Cut(name="smoke", description="72 clips, to see in a minute that all works.", speakers=6, sentences=2),
    ]
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"emotion": recipes.EMOTIONS}
    GROUP = "speaker_id"
    SAMPLE_RATE = RATE
    DUMMY_LIMIT = 2 * recipes.SPEAKERS

    def extra_features(self) -> dict[str, Any]:
        """The made-up words that are said."""
        return {"sentence": tfds.features.Text()}

    def recipes(self) -> Iterator[Recipe]:
        """Every clip of the cut, cheap to list."""
        cut = self.builder_config
        for utterance in recipes.corpus(speakers=cut.speakers, sentences=cut.sentences):
            fields = {
                "speaker_id": utterance.speaker.name,
                "emotion": utterance.emotion,
                "sentence": utterance.sentence,
            }
            yield Recipe(utterance.clip_id, fields, recipe_text(utterance), utterance)

    def synthesise(self, recipe: Recipe) -> NDArray[np.int16]:
        """16 kHz samples, shape (time,)."""
        return render(recipe.parameters, recipes.VERSION)
