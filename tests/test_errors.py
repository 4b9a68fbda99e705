"""Errors cross from process to process as what they are."""

from __future__ import annotations

import pickle

import pytest

from benchmark import errors
from benchmark.errors import AnswerError, BenchmarkError, ProcessDiedError, Unavailable, UnknownNameError

MADE = {
    Unavailable: Unavailable("weights missing: a.pt", "Fetch it."),
    UnknownNameError: UnknownNameError("task", "emdb", ["emodb", "emovo"], "Choose one."),
    AnswerError: AnswerError("embedding 'a'", "shape", "(2, 3)", "(2, 4)", "Correct `dim`."),
    ProcessDiedError: ProcessDiedError("row on emodb:", "its process died.", outside=True),
}
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BenchmarkError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_the_same_after_a_journey(kind):
    error = MADE.get(kind) or kind("found this, expected that")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error) != ""
    assert vars(again) == vars(error)
