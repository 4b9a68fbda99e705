"""What a model raised, as one line: who did what, where, or what is missing."""

from __future__ import annotations

import importlib
import sys

import pytest

from benchmark import model_errors
from benchmark.errors import ContractError, Unavailable, WeightsError
from benchmark.model_errors import as_benchmark_error
from embedders.base import EmbedderError, MissingExtraError
from embedders.missing import MissingWeightsError

MODEL = """
import numpy as np

def embed(clips):
    return inner(clips)

def inner(clips):
    {line}
"""


def test_an_embedders_own_error_becomes_one_line():
    told = as_benchmark_error(IndexError("list index\nout of range"), "row on corpus")
    assert isinstance(told, ContractError)
    assert str(told) == "row on corpus: IndexError: list index out of range"
    ours = WeightsError("bad")
    assert as_benchmark_error(ours, "row on corpus") is ours


def test_what_is_not_here_is_a_state_and_no_fault():
    for kind in (MissingExtraError, MissingWeightsError):
        told = as_benchmark_error(kind("hub: it cannot be had, expected the module. Fetch it. Then go on."), "row")
        assert isinstance(told, Unavailable)
        assert told.what == "hub: it cannot be had, expected the module"
        assert str(told) == "hub: it cannot be had, expected the module. Fetch it. Then go on."


@pytest.fixture
def raised(tmp_path, monkeypatch):
    """`raised(line, folder)` is what a model of one line, in a package below `folder`, raises."""

    def go(line, folder=""):
        root = tmp_path / folder
        (root / "strange").mkdir(parents=True)
        (root / "strange" / "net.py").write_text(MODEL.format(line=line))
        (root / "strange" / "__init__.py").touch()
        monkeypatch.syspath_prepend(root)
        try:
            importlib.import_module("strange.net").embed([])
        except Exception as error:
            return error.with_traceback(error.__traceback__.tb_next)  # as the engine catches it: from the model on
        finally:
            for name in ("strange.net", "strange"):
                sys.modules.pop(name, None)
        raise AssertionError("it raised nothing")

    return go


def test_the_innermost_line_of_the_model_is_named(raised):
    error = raised("raise KeyError('hidden_size')")
    assert str(as_benchmark_error(error, "embedding 'a'")) == (
        "embedding 'a': KeyError: 'hidden_size' (net.py:8 in inner)"
    )


def test_not_the_line_of_the_framework_that_it_called(raised):
    assert model_errors.place(raised("np.linalg.inv(np.zeros((2, 3)))")) == " (net.py:8 in inner)"


@pytest.mark.parametrize("folder", ["lib/python3.11/site-packages", "python3/dist-packages"])
def test_an_installed_model_is_no_framework(raised, folder):
    assert model_errors.place(raised("1 / 0", folder)) == " (net.py:8 in inner)"


def test_a_framework_is_none_wherever_it_is_installed(raised):
    """For its own user, or by the system, outside the environment."""
    assert model_errors.place(raised("1 / 0", "user/lib/python3.11/site-packages/jax")) == ""


def test_where_all_is_ours_the_embedder_is_named():
    from embedders.common import mel_to_hertz

    with pytest.raises(ValueError, match="could not convert") as caught:
        mel_to_hertz("loud")
    assert model_errors.place(caught.value).startswith(" (test_model_errors.py:")  # code of no folder of ours
    caught.value.__traceback__ = caught.value.__traceback__.tb_next
    assert model_errors.place(caught.value).startswith(" (common.py:")


def test_no_place_for_what_says_all_or_came_from_nowhere():
    with pytest.raises(EmbedderError) as caught:
        raise EmbedderError("byol: found a, expected b.")
    assert model_errors.place(caught.value) == ""
    assert model_errors.place(IndexError("never raised")) == ""
    assert str(as_benchmark_error(caught.value, "row")) == "row: EmbedderError: byol: found a, expected b."
