"""Mistakes in params.yaml: one line each, and nothing is written."""

from __future__ import annotations

import pytest

from benchmark import paths

WRONG = {
    "a list where a map is due": ("embedders:\n  row: {", "embedders:\n  - row: {"),
    "an embedder called `../../x`": ("row:", "'../../x':"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_on_page(here, tell, on_page, kind):
    text = paths.PARAMS.read_text()
    old, new = WRONG[kind]
    assert old in text
    paths.PARAMS.write_text(text.replace(old, new))
    told = tell("prepare")
    on_page("params.yaml", kind, told.line("error:"), told.code)
    assert not paths.RESULTS.exists()
