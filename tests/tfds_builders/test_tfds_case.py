"""TFDS's own `DatasetBuilderTestCase` on every builder, in a process of its own.

The case imports TensorFlow, and openSMILE crashes in a process that did so before it; so this process
must not. One process runs all of them, because the import costs seconds.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tfds_builders").glob("*/*_dataset_builder_test.py"))

SECONDS = 1500  # some seconds a builder on a quiet machine; the first test waits for all of them

pytestmark = [
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed (extra hub)"),
    pytest.mark.timeout(SECONDS + 60),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Module name -> test name -> "passed", "skipped" or the failure's text."""
    report = tmp_path_factory.mktemp("tfds") / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=SECONDS)
    assert report.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        module = (case.get("classname") or "").split(".")
        name = next((part for part in module if part.endswith("_dataset_builder_test")), ".".join(module))
        failed = [child for child in case if child.tag in ("failure", "error")]
        state = "".join(child.text or "" for child in failed) or (
            "skipped" if case.find("skipped") is not None else "passed"
        )
        found.setdefault(name, {})[case.get("name") or ""] = state
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_tfds_own_case(outcomes, file):
    cases = outcomes[file.stem]
    assert not {name: state for name, state in cases.items() if state not in ("passed", "skipped")}
    passed = {name for name, state in cases.items() if state == "passed"}
    assert {"test_registered", "test_info", "test_tags_are_valid", "test_download_and_prepare_as_dataset"} <= passed
