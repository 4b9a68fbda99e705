"""TFDS's own test case on the dummy archive; tests/tfds_builders runs it in a process of its own."""

from typing import ClassVar

import tensorflow_datasets as tfds

from tfds_builders.fma_small.fma_small_dataset_builder import Builder


class FmaSmallTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = Builder
    SPLITS: ClassVar[dict[str, int]] = {"train": 6, "validation": 2, "test": 2}


if __name__ == "__main__":
    tfds.testing.test_main()
