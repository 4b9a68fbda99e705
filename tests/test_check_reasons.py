"""The battery finds faults that show in one case only, and tells each failure with its own reason and mend."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module

import pytest

from benchmark import paths
from benchmark.check import answers, battery, check_embedder, signals
from benchmark.check.checks import CHECKS
from benchmark.check.report import Finding, Report, Skipped
from benchmark.check.row import check_row
from benchmark.check.subject import Subject
from benchmark.embedding import MAX_CLIPS
from benchmark.errors import ContractError
from benchmark.frames import frames_of
from benchmark.params import EmbedderEntry

TABLE = {check.name: check for check in CHECKS}


@pytest.fixture
def hidden(fakes):
    return import_module("hidden_faults")


@pytest.mark.parametrize(
    ("fake", "finding", "seen"),
    [
        ("CentresLaterChunks", "batch mates", f"in a batch of {MAX_CLIPS} clips, and none to speak of in smaller ones"),
        ("KnowsClipsByTheirBegin", "different clips", "two clips that have only their first 0.5 s in common"),
        ("HearsTenSeconds", "whole clip", "the same vector for two clips of 60 s that differ in their last half"),
        ("NumpyDim", "attributes", "dim = np.int64(6), which is a numpy.int64"),
        ("FramesAsTuple", "frames", "a tuple"),
        ("FramesAtFloat32", "frames", "times float32 of shape (10,) for 10 vectors"),
    ],
)
def test_each_breach_is_found_by_its_name(hidden, fake, finding, seen):
    (failure,) = check_embedder(getattr(hidden, fake)).failures
    assert failure.name == finding
    assert seen in failure.seen


@pytest.mark.parametrize("fake", ["Counts", "CountsEqual", "DropsTheRest", "NumpyAmounts", "FramesBehindTheEnd"])
def test_what_is_no_fault_passes(hidden, fake):
    made = getattr(hidden, fake)
    check_embedder(made).raise_on_failure()
    assert getattr(made, "largest", MAX_CLIPS) == MAX_CLIPS, "as many as the engine hands over"


@pytest.mark.parametrize(
    "how",
    ["raises", "too few", "no list", "no pair", "nan", "behind the end", "before the begin", "falling", "milliseconds"],
)
def test_frames_are_checked_as_the_command_does(fakes, how):
    made = import_module("frame_embedders").Bad(how)
    clips = import_module("benchmark.check.signals").various(made.sample_rate)
    with pytest.raises(ContractError, match="frames of 'a'") as told:
        frames_of(made, clips, list("abcde"))
    (failure,) = check_embedder(lambda: made, long_seconds=2.0).failures
    assert failure.name == "frames"
    assert failure.seen.rpartition(": ")[2] in " ".join(str(told.value).split())


# -- the reason -----------------------------------------------------------------------------------


def test_a_model_that_raises_is_told_to_mend_that(hidden):
    (finite, short) = check_embedder(hidden.RefusesShort).failures
    assert (finite.name, short.name) == ("finite", "very short")
    for failure in (finite, short):
        assert "AssertionError: clips below 0.7 s" in failure.seen
        assert (failure.expected, failure.why, failure.mend) == ("an answer", battery.RAISES_WHY, battery.RAISES_MEND)
    assert "min_seconds" in battery.RAISES_MEND


def test_another_breach_than_the_one_looked_for_has_its_own_reason(hidden):
    failures = {failure.name: failure for failure in check_embedder(hidden.FlatAlone).failures}
    assert failures.keys() == {"batch mates", "silence", "very short", "long", "full scale", "tiny"}
    for failure in failures.values():
        assert (failure.seen, failure.expected) == ("shape (6,)", "(1, 6)")
        assert failure.why == TABLE["shape"].why
        assert failure.mend == "Return one vector of `dim` numbers for each clip, or correct `dim`."


def test_the_breach_looked_for_has_the_reason_of_its_check(fakes):
    (failure,) = check_embedder(import_module("misbehaving").NanOnSilence).failures
    assert failure.seen == "nan among the 6 numbers of clip 0 ('test signal 0'), 6 not finite"
    assert (failure.why, failure.mend) == (TABLE["silence"].why, TABLE["silence"].mend)
    assert {check.breach for check in CHECKS} - {""} == {"finite", "frames"} <= TABLE.keys()


def test_a_record_that_json_cannot_hold_is_no_exception_of_the_models(fakes):
    (failure,) = check_embedder(import_module("misbehaving").FittedToNan).failures
    assert (failure.expected, failure.mend) == (TABLE["statistics"].expected, TABLE["statistics"].mend)


def test_a_model_that_quits_is_a_finding_and_the_caller_goes_on(hidden):
    (failure,) = check_embedder(import_module("fatal_embedders").Exits).failures
    assert failure.name == "shape"
    assert failure.seen.startswith("sys.exit('no model file at model.bin') (fatal_embedders.py:")
    assert (failure.expected, failure.mend) == (battery.ENDS_EXPECTED, battery.ENDS_MEND)
    (failure,) = check_embedder(hidden.ExitsAtBirth).failures
    assert failure.name == "construction"
    assert failure.seen.startswith("sys.exit(3) (hidden_faults.py:")


def test_an_interrupt_is_the_persons_own(fakes):
    with pytest.raises(KeyboardInterrupt):
        check_embedder(import_module("fatal_embedders").CancelsItself)


def test_a_state_is_told_as_it_was_seen_to_change(hidden):
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # also where there is one core
    try:
        (failure,) = check_embedder(hidden.OneThread, long_seconds=1.0).failures
    finally:
        torch.set_num_threads(threads)
    assert (failure.name, failure.seen) == ("state", "other values after embedding: torch's thread count (now 1)")


def test_torch_that_a_model_brings_along_is_looked_at_and_put_back(fakes):
    """In a process where nothing has loaded it before, as for most who call `check_embedder`."""
    code = (
        "import sys; from benchmark.check import check_embedder; from hidden_faults import Takeover\n"
        "assert 'torch' not in sys.modules\n"
        "print(*(f'{each.name}: {each.seen}' for each in check_embedder(Takeover, long_seconds=1.0).failures))\n"
        "import torch; print(torch.get_num_threads(), torch.is_grad_enabled())\n"
    )
    path = os.pathsep.join((str(paths.ROOT), str(fakes)))
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "state: other values after embedding: torch's gradient mode (now False), torch's thread count (now 1)",
        "2 True",
    ]


@pytest.mark.parametrize(("seconds", "largest"), [(0.0, 64), (1.5, 64), (30.0, 0)])
def test_a_batch_is_as_large_as_the_engine_hands_over(hidden, seconds, largest):
    """30 s are handed over four at a time, fewer than are tried anyhow."""
    model = hidden.Sizes(min_seconds=seconds)
    answers.batch_mates(Subject(lambda: model, None, "check", 1.0, thorough=False))
    assert max(model.seen) == (largest or len(signals.NAMES) + 5)


def test_a_large_batch_that_would_take_minutes_is_not_tried(hidden, monkeypatch):
    monkeypatch.setattr(answers, "LARGE_BATCH_SECONDS", 0.0)
    model = hidden.Sizes(min_seconds=0.0)
    seen = answers.batch_mates(Subject(lambda: model, None, "check", 1.0, thorough=False))
    assert re.search(r"; not tried in a batch of 64, which takes \d+ s$", seen)
    assert max(model.seen) < 64


@pytest.mark.parametrize(
    ("fake", "check", "seen", "mend"),
    [
        ("HalfFitted", "attributes", "it has fit_statistics without statistics_record", "Mend it on the class."),
        ("WrongFlag", "attributes", "in_workers is 'yes', expected True or False", "Mend it on the class."),
        ("Unpicklable", "statistics", "it cannot be pickled for its workers (in_workers): ", ""),
        ("RaisesWithoutWords", "shape", "NoWordsError: (what it says cannot be had: TypeError) (hidden_faults.py:", ""),
    ],
)
def test_what_a_run_would_refuse_late_is_told(hidden, fake, check, seen, mend):
    (failure,) = check_embedder(getattr(hidden, fake), long_seconds=1.0).failures
    assert failure.name == check
    assert failure.seen.startswith(seen)
    assert mend in failure.mend


def test_a_constructor_is_tried_with_the_device_that_a_run_gives(fakes):
    entry = EmbedderEntry(factory="hidden_faults:OnlyRealDevices")
    (failure,) = check_row("row", entry, patience=60.0, thorough=False, fetch=False).report.failures
    assert failure.name == "construction"
    assert failure.seen.endswith("where it is given device='auto', as in a run")
    assert failure.mend.startswith("Take auto, cpu and cuda")


# -- what is told, and how ------------------------------------------------------------------------


def test_a_report_as_text_says_what_was_not_tried():
    good, bad = Finding("shape", True, "(5, 6)", "", ""), Finding("dtype", False, "int64", "float32", "Why.", "Mend.")
    waiting = [Skipped(name, "means nothing before 'dtype' is mended", "dtype") for name in ("finite", "gpu")]
    alone = Skipped("frames", "it has no embed_frames")
    assert str(Report((good, bad), (waiting[0], alone, waiting[1]))).splitlines() == [
        "ok      shape: (5, 6)",
        "FAILED  dtype: found int64, expected float32. Why. Mend.",
        "skipped frames: it has no embed_frames",
        "skipped finite, gpu: mean nothing before what failed is mended",
    ]
    assert str(Report((bad,), (waiting[0],))).endswith("finite: means nothing before what failed is mended")


@pytest.mark.parametrize(("fake", "failed"), [("NumpyDim", ["attributes"]), ("NumpyAmounts", [])])
def test_no_declaration_breaks_the_telling(hidden, fake, failed):
    entry = EmbedderEntry(factory=f"hidden_faults:{fake}")
    row = check_row("row", entry, patience=60.0, thorough=False, fetch=False)
    assert [failure.name for failure in row.report.failures] == failed
    assert row.made.keys() >= ({"peak_bytes"} if failed else {"dim", "sample_rate", "speed", "peak_bytes"})
