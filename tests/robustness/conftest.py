"""A project on the tiny corpus in which commands are run as by a person."""

from __future__ import annotations

import pytest

from benchmark import paths, registry
from tasks.base import Suite

PARAMS = """\
suites:
  - one
probe:
  mode: none
  heads:
    - lda
    - svc
embedders:
  row: {factory: "small_embedders:Loudness"}
"""


@pytest.fixture
def here(manual, project, fakes, inline_workers, monkeypatch):
    """The project's folder; params.yaml scores one row on `emodb`, whose tiny archive lies in `manual`."""
    monkeypatch.setattr(
        registry, "suites", lambda: {"one": Suite(name="one", title="One", version=1, tasks=("emodb",))}
    )
    paths.PARAMS.write_text(PARAMS)
    return project


@pytest.fixture
def scored(here, tell):
    """The same after `prepare`, `embed`, `evaluate` and `report`."""
    for command in ("prepare", "embed", "evaluate", "report"):
        told = tell(command)
        assert told.code == 0, told.lines
    return here
