"""The tables of results/README.md are those of the cells, number by number: nothing is typed in."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from benchmark import paths

PAGE = (paths.ROOT / "results/README.md").read_text()
FIRST = ("ravdess@16k", "esc10")  # columns, by which to find a table
SPEECH = ("ravdess@16k", "emodb", "emovo@16k")


def cell(row: str, column: str) -> Any:
    return json.loads((paths.ROOT / f"results/cells/{row}/{column}.json").read_text())


def percent(cell: Any) -> str:
    metric = cell["metric"]
    low, high = (100 * cell["intervals"][metric][end] for end in ("low", "high"))
    return f"{100 * cell['scores'][metric]:.1f} [{low:.1f}, {high:.1f}]"


def table(column: str) -> tuple[list[str], dict[str, list[str]]]:
    """The names of the columns, and the cells by row, of the table whose first column is this."""
    lines = PAGE[PAGE.index(f"| embedder | {column} |") :].partition("\n\n")[0].splitlines()
    head, _, *rows = [[each.strip() for each in line.strip("|").split("|")] for line in lines]
    return head[1:], {name: cells for name, *cells in rows}


@pytest.mark.parametrize("first", FIRST)
def test_table(first: str) -> None:
    columns, rows = table(first)
    for name, cells in rows.items():
        assert [each.replace("†", "") for each in cells] == [percent(cell(name, column)) for column in columns], name


@pytest.mark.parametrize("first", FIRST)
def test_order_is_that_of_the_mean_over_speech(first: str) -> None:
    _, rows = table(first)
    means = [math.fsum(cell(name, column)["scores"]["uar"] for column in SPEECH) for name in rows]
    assert len(rows) > 40
    assert means == sorted(means, reverse=True)
