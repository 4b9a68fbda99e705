"""SAVEE as TFDS prepares it: acted emotional speech of four British men."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.catalogue import CatalogueBuilder, prepare_instructions
from tfds_builders.common.variant import Facts

_CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


class Builder(CatalogueBuilder):
    """480 clips of 120 a speaker, seven emotions; parts are TFDS's, disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "http://kahlan.eps.surrey.ac.uk/savee/"
    CATALOGUE = "savee/1.0.0"
    ARCHIVES = (CATALOGUE,)
    MANUAL_DOWNLOAD_INSTRUCTIONS = prepare_instructions(
        CATALOGUE,
        "register at http://personal.ee.surrey.ac.uk/Personal/P.Jackson/SAVEE/Register.html and put AudioData.zip "
        "into TFDS's downloads/manual, ",
    )
    FACTS = Facts(clips=480, rates={44100: 480}, channels={1: 480}, extensions={"pcm": 480}, seconds=3.8)
    LABELS: ClassVar[Mapping[str, str]] = {name: name for name in _CLASSES}
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": _CLASSES}
