"""A row as an object: params.yaml first, arguments merged, and what is said where it cannot be made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark import embedder
from benchmark.errors import ContractError, ParamsError, Unavailable, UnknownNameError

PARAMS = """\
suites: [demo]
embedders:
  doubled: {factory: "small_embedders:Scaled", kwargs: {factor: 2.0}}
  from_file: {factory: "small_embedders:FromFile"}
  broken_hear: {hear: stranger_models, kwargs: {layer: 3}}
  odd: {factory: "odd_rows:Odd"}
  raises: {factory: "odd_rows:Raises"}
  absent: {factory: "odd_rows:Absent"}
"""
ODD = """\
from embedders.missing import MissingWeightsError


class Odd:
    sample_rate, dim = 8000, 0

    def embed(self, clips):
        return None


class Raises(Odd):
    def __init__(self):
        raise ValueError("no licence")


class Absent(Odd):
    def __init__(self):
        raise MissingWeightsError("absent: nothing here. Fetch it")
"""


@pytest.fixture
def rows(project, fakes, tmp_path, monkeypatch):
    (project / "params.yaml").write_text(PARAMS)
    (tmp_path / "odd_rows.py").write_text(ODD)
    monkeypatch.syspath_prepend(tmp_path)


def test_arguments_take_the_place_of_the_rows_own(rows, tmp_path):
    clip = np.full(800, 0.25, np.float32)
    assert embedder("doubled").embed([clip])[0, 0] == pytest.approx(0.5)
    assert embedder("doubled", factor=3.0).embed([clip])[0, 0] == pytest.approx(0.75)
    (tmp_path / "weights").write_text("4")
    for path in (str(tmp_path / "weights"), Path(tmp_path / "weights")):
        assert embedder("from_file", weights=path).embed([clip])[0, 0] == pytest.approx(1.0)


def test_rows_of_params_are_offered_where_a_name_is_not_known(rows):
    with pytest.raises(UnknownNameError, match=r"unknown embedder 'dubled'\. Did you mean 'doubled'"):
        embedder("dubled")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("broken_hear", ContractError, "making broken_hear: EmbedderError: .*the arguments do not fit: .*'layer'"),
        ("odd", ContractError, "Odd: dim is 0, expected a whole number above 0"),
        ("raises", ContractError, r"^making raises: ValueError: no licence \(odd_rows\.py:\d+ in __init__\)$"),
        ("absent", Unavailable, "absent: nothing here. Fetch it"),
    ],
)
def test_a_row_that_cannot_be_made_is_an_error_of_ours(rows, name, error, message):
    with pytest.raises(error, match=message):
        embedder(name)


def test_a_device_that_is_none():
    with pytest.raises(ParamsError, match="device is 'banana', expected auto, cpu or cuda"):
        embedder("chance", device="banana")
