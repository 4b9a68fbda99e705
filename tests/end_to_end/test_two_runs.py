"""Two runs of one thing at once: the second waits for the first, and says for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

pytestmark = pytest.mark.slow


def test_two_runs_at_once(clone: Clone) -> None:
    clone.repro()
    before = clone.contents("cells", "embeddings")
    first = clone.start("python", "-m", "benchmark", "evaluate", "logmel_stats", "--fresh")
    second = clone.start("python", "-m", "benchmark", "evaluate", "logmel_stats", "--fresh")
    said = "".join((each.communicate(timeout=300)[0] or "") for each in (first, second))
    assert (first.returncode, second.returncode) == (0, 0), said
    assert said.count("is at it already; waiting for it to end") == 1
    assert clone.contents("cells", "embeddings") == before
