"""The catalogue says what is so, and listing it is light."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

from embedders import entries
from embedders.catalog import CATALOG

BUILT_IN = ["byol_s_512", "logmel_stats", "chance"]


def test_the_rows():
    families = [
        importlib.import_module(f"embedders.entries.{each.name}") for each in pkgutil.iter_modules(entries.__path__)
    ]
    names = [*BUILT_IN, *(name for family in families for name in family.ENTRIES)]
    assert sorted(CATALOG) == sorted(names), "a family is not merged, or two rows have one name"


@pytest.mark.parametrize("name", CATALOG)
def test_an_entry_agrees_with_what_it_makes(name, tmp_path):
    entry = CATALOG[name]
    module, _, factory = entry.factory.partition(":")
    make = getattr(importlib.import_module(module), factory)
    runtime = {"weights": tmp_path / "weights"} if "weights" in inspect.signature(make).parameters else {}
    made = make(**entry.kwargs, **runtime)
    assert (made.dim, made.sample_rate) == (entry.dim, entry.sample_rate)
    assert entry.title
    assert entry.citation
    assert entry.licence


def test_weights_can_be_fetched_and_checked():
    weights = [entry.weights for entry in CATALOG.values() if entry.weights]
    assert "byol_s_512.pth" in [each.file for each in weights]
    for each in weights:
        if each.sha256 or each.url:  # where none is published the user names the file: it is never fetched
            assert re.fullmatch("[0-9a-f]{64}", each.sha256)
        assert each.url.startswith("https://") or not each.url
        assert each.way_out
        assert each.licence


def test_listing_and_constructing_load_no_framework():
    program = (
        "import sys; from embedders.catalog import CATALOG; from embedders.byol import Byol; "
        "from embedders.opensmile import OpenSmile; Byol('absent.pth'); OpenSmile(); "
        "print(sorted({'torch', 'torchaudio', 'opensmile', 'scipy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
