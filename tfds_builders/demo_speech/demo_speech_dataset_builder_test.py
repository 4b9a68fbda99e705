"""TFDS's own test case on a small cut; tests/tfds_builders runs it in a process of its own."""

from pathlib import Path
from typing import ClassVar

import tensorflow_datasets as tfds

from tfds_builders.demo_speech.demo_speech_dataset_builder import Builder


class DemoSpeechTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = Builder
    BUILDER_CONFIG_NAMES_TO_TEST: ClassVar[list[str]] = ["full"]  # `SPLITS` holds for one
    EXAMPLE_DIR = Path(__file__).parent  # nothing is read: the clips are synthesised
    SPLITS: ClassVar[dict[str, int]] = {"train": 14, "validation": 4, "test": 6}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.whole = Builder.clip_limit
        Builder.clip_limit = Builder.DUMMY_LIMIT

    @classmethod
    def tearDownClass(cls):
        Builder.clip_limit = cls.whole
        super().tearDownClass()


if __name__ == "__main__":
    tfds.testing.test_main()
