"""CREMA-D as TFDS prepares it: acted emotional speech of 91 English-speaking actors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.catalogue import CatalogueBuilder, prepare_instructions
from tfds_builders.common.variant import Facts


class Builder(CatalogueBuilder):
    """7438 clips of twelve sentences, six emotions; parts are TFDS's, disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://github.com/CheyneyComputerScience/CREMA-D"
    CATALOGUE = "crema_d/1.0.0"
    ARCHIVES = (CATALOGUE,)
    MANUAL_DOWNLOAD_INSTRUCTIONS = prepare_instructions(CATALOGUE)
    FACTS = Facts(clips=7438, rates={16000: 7438}, channels={1: 7438}, extensions={"pcm": 7438}, seconds=2.5)
    LABELS: ClassVar[Mapping[str, str]] = {
        "NEU": "neutral",
        "HAP": "happiness",
        "SAD": "sadness",
        "ANG": "anger",
        "FEA": "fear",
        "DIS": "disgust",
    }
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(LABELS.values())}
    FRACTIONS = (0.7, 0.1, 0.2)
