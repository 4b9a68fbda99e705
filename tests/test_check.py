"""The battery finds each way to break the contract, by its own name, and nothing else."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import warnings
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
        ("WordyMinimum", "attributes", "min_seconds is 'half', expected a finite number, 0 or more"),
        ("CannotBeMade", "construction", "no model file"),
        ("FittedToNan", "statistics", "not JSON compliant"),
        ("FramesInMilliseconds", "frames", "times from 50.000 to 950.000 s"),
        ("ResamplesAgain", "rate", "from 24000 to 8000 Hz of samples that stand at 8000 Hz"),
        ("DropsSamples", "rate", "the same vector for 187 and 2479 Hz: only each sample in 3 is used"),
        ("Seeds", "state", "numpy's random state"),
        ("SeedsPython", "state", "Python's random state"),
        ("Moves", "state", "the working folder (now /)"),
        ("SetsTheEnvironment", "state", "the environment"),
        ("Hushes", "state", "the warnings filters"),
        ("TorchDoubles", "state", "torch's default dtype (now torch.float64)"),
        ("TorchThreads", "state", "torch's thread count"),
        ("TorchSeeds", "state", "torch's random state"),
    ],
)
def test_each_breach_is_found_by_its_name(fakes, fake, finding, seen):
    report = check_embedder(getattr(fakes, fake))
    assert [failure.name for failure in report.failures] == [finding]
    assert seen in report.failures[0].seen


@pytest.mark.parametrize(
    "fake", ["Good", "DeclaresMinSeconds", "EqualLength", "Fitted", "Frames", "Needs32k", "HearsEnergyOnly"]
)
def test_an_embedder_that_keeps_the_contract_passes(fakes, fake):
    report = check_embedder(getattr(fakes, fake))
    report.raise_on_failure()
    tried = {finding.name for finding in report.findings}
    assert {check.name for check in CHECKS} - tried == ({"gpu"} if fake == "Frames" else {"gpu", "frames"}) | {"memory"}
    assert {skipped.name for skipped in report.skipped} == {check.name for check in CHECKS} - tried


def test_what_was_not_tried_is_told_with_its_reason(fakes):
    report = check_embedder(fakes.WrongDim)
    assert [f.name for f in report.findings] == ["attributes", "statistics", "shape"]
    reasons = {skipped.name: skipped.reason for skipped in report.skipped}
    assert reasons["dtype"] == "means nothing before 'shape' is mended"


def test_memory_that_grows_is_found(fakes):
    (found,) = check_embedder(fakes.KeepsEverything, thorough=True, long_seconds=1.0).failures
    assert found.name == "memory"
    gained, a_clip = re.match(r"([+\d.]+) MB from clip 100 to clip 500, (\d+) kB a clip", found.seen).groups()
    assert 40 <= float(gained) <= 120  # 400 clips of 0.2 MB, less what was free before
    assert 100 <= int(a_clip) <= 300
    assert check_embedder(fakes.Good, thorough=True, long_seconds=1.0).passed


def test_resampling_from_the_declared_rate_is_told_and_no_failure(fakes):
    report = check_embedder(fakes.ResamplesByItself)
    (found,) = [finding for finding in report.findings if finding.name == "rate"]
    assert found.passed
    assert "it resamples by itself to 4000 Hz" in found.seen


def test_the_state_of_the_process_is_put_back(fakes):
    import torch

    def state():
        numpy = np.random.get_state()[1].tobytes()  # noqa: NPY002
        return Path.cwd(), dict(os.environ), list(warnings.filters), random.getstate(), numpy, torch.get_num_threads()

    before, dtype = state(), torch.get_default_dtype()
    for fake in ("Moves", "SetsTheEnvironment", "Hushes", "Seeds", "SeedsPython", "TorchDoubles", "TorchThreads"):
        assert not check_embedder(getattr(fakes, fake), long_seconds=1.0).passed
    assert state() == before
    assert torch.get_default_dtype() == dtype


def test_every_check_says_why_and_how_to_mend():
    for check in CHECKS:
        assert check.why.endswith(".")
        assert check.mend.endswith((".", "?")), check.name


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
