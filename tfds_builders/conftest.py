"""Keeps TFDS's own test cases out of the common test process.

They import TensorFlow, and openSMILE crashes in a process that did so before it. They run in a process
of their own from `tests/tfds_builders/test_tfds_case.py`; naming a file on the command line runs it too.
"""

collect_ignore_glob = ["*/*_dataset_builder_test.py"]
