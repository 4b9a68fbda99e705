"""The battery finds each way to break the contract, by its own name, and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from benchmark.check import check_embedder
from benchmark.check.checks import CHECKS
from benchmark.contract import validate_vectors
from benchmark.errors import ContractError


@pytest.fixture(scope="module")
def fakes():
    path = Path(__file__).parent / "fakes" / "misbehaving.py"
    spec = importlib.util.spec_from_file_location("misbehaving_embedders", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("fake", "finding", "seen"),
    [
        ("NanOnSilence", "silence", "nan"),
        ("NanOnShort", "very short", "nan"),
        ("OverflowsOnFullScale", "full scale", "inf"),
        ("NanOnTiny", "tiny", "nan"),
        ("FailsOnLong", "long", "sequence longer than 30 s"),
        ("Random", "deterministic", "a difference of"),
        ("RandomAtBirth", "instances", "a difference of"),
        ("PadsWithoutMask", "batch mates", "a difference of"),
        ("CentresTheBatch", "batch mates", "a difference of"),
        ("Unequal", "finite", "clips of several lengths"),
        ("SortsByLoudness", "order", "a difference of"),
        ("SortsByLength", "order", "a difference of"),
        ("WrongDim", "shape", "shape (5, 6) for 5 clips and dim 7"),
        ("OneRowTooFew", "shape", "shape (4, 6)"),
        ("AnswersAList", "shape", "list"),
        ("Integers", "dtype", "int64"),
        ("Doubles", "dtype", "float64"),
        ("ScalesItsInput", "inputs", "other samples in a low tone"),
        ("OneBuffer", "own memory", "changed by the second call"),
        ("IgnoresItsInput", "different clips", "the same vector for a low tone and a gliding tone"),
        ("FractionalDim", "attributes", "dim = 6.0"),
        ("CannotBeMade", "construction", "no model file"),
        ("FittedToNan", "statistics", "not JSON compliant"),
        ("FramesInMilliseconds", "frames", "times [ 50."),
    ],
)
def test_each_breach_is_found_by_its_name(fakes, fake, finding, seen):
    report = check_embedder(getattr(fakes, fake))
    assert [failure.name for failure in report.failures] == [finding]
    assert seen in report.failures[0].seen


@pytest.mark.parametrize("fake", ["Good", "DeclaresMinSeconds", "EqualLength", "Fitted", "Frames"])
def test_an_embedder_that_keeps_the_contract_passes(fakes, fake):
    report = check_embedder(getattr(fakes, fake))
    report.raise_on_failure()
    tried = {finding.name for finding in report.findings}
    assert {check.name for check in CHECKS} - tried == ({"gpu"} if fake == "Frames" else {"gpu", "frames"})


def test_another_device_is_compared(fakes):
    assert check_embedder(fakes.Good, on_gpu=fakes.Good).passed
    off = check_embedder(fakes.Good, on_gpu=fakes.SlightlyOff)
    assert [failure.name for failure in off.failures] == ["gpu"]


def test_the_error_names_every_failure(fakes):
    class TwoBreaches(fakes.ScalesItsInput, fakes.NanOnSilence):
        pass

    with pytest.raises(ContractError, match=r"(?s)inputs: found other samples.*silence: .*found nan among"):
        check_embedder(TwoBreaches).raise_on_failure()


def test_a_good_answer_is_handed_on_as_it_is():
    vectors = np.ones((2, 3), np.float32)
    assert validate_vectors(vectors, 2, 3, ["a", "b"]) is vectors


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[1.0, 2.0]], r"embedding 'a' and 1 more: found a list, expected a float32 array of shape \(2, 3\)"),
        (np.ones((3, 2), np.float32), r"found shape \(3, 2\), expected \(2, 3\)"),
        (np.ones((2, 3)), "found dtype float64, expected float32"),
        (
            np.array([[1, 2, 3], [1, np.inf, np.nan]], np.float32),
            r"found inf among the 3 numbers of clip 1 \('b'\), 2 ",
        ),
    ],
)
def test_a_bad_answer_is_told_with_its_clip(answer, message):
    with pytest.raises(ContractError, match=message):
        validate_vectors(answer, 2, 3, ["a", "b"])
