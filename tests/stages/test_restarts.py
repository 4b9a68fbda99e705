"""A model's process that dies or hangs is started again; the clip that it was is found, named, and costs no other."""

from __future__ import annotations

import dataclasses
import re
import zlib

import numpy as np
import pytest

from benchmark import datasets, isolation, manifest, params, paths, plan, provenance, store
from benchmark.blame import Blame
from benchmark.errors import BenchmarkError, ClipsError, ContractError, ProcessDiedError
from benchmark.reader import ClipReader
from benchmark.stages import embed, everything

run_apart = isolation.run_apart


@pytest.fixture
def picky(bench, monkeypatch):
    """`picky(how, count)` answers stages with a model that cannot take some clips, and these; it runs apart."""

    def make(how, count=1, **more):
        monkeypatch.setattr(isolation, "run_apart", run_apart)
        work = bench()
        work.prepare()
        listed = manifest.read("emodb")
        read = ClipReader(datasets.audio_of(listed), 8000).read
        names = [clip["id"] for clip in listed.clips[5::7][:count]]
        kwargs = {"how": how, "checksums": [zlib.crc32(read(name).tobytes()) for name in names], **more}
        work.change(embedders={"row": {"factory": "small_embedders:Picky", "kwargs": kwargs}, "plain": "Loudness"})
        work.prepare()
        return work, names

    return make


def vectors(name):
    return np.array(np.load(paths.vectors(name, "emodb") / "vectors.npy"))


def done():
    return int(np.load(paths.vectors("row", "emodb") / "done.partial.npy").sum())


@pytest.mark.parametrize(
    ("how", "patience", "said"),
    [
        ("crashes", 60.0, "its process died by SIGSEGV"),
        pytest.param("hangs", 15.0, "found no finished batch for 15 s", marks=pytest.mark.slow),
    ],
)
def test_the_clip_is_named_and_costs_no_other(picky, capsys, how, patience, said):
    work, (name,) = picky(how)
    with pytest.raises(
        ContractError, match=rf"^1 of 70 clips cannot be embedded, 69 are done and kept: {name!r}: .*{said}"
    ):
        work.embed(patience=patience)
    assert done() == 69
    told = " ".join(capsys.readouterr().err.split())
    assert re.search(rf"embed row on emodb.*: {said}.* clips, now tried one by one\. Starting again\.", told)
    assert f"It was on '{name}'. Starting again." in told
    status = plan.read_status("row").datasets["emodb"].readiness
    assert (status.state, status.reason.startswith("1 of 70 clips cannot be embedded")) == ("failed", True)


def test_what_happens_once_costs_nothing(picky, tmp_path):
    work, _ = picky("crashes", marker=str(tmp_path / "once"))
    work.embed("row")
    work.embed("plain")
    assert (tmp_path / "once").exists()
    assert np.array_equal(vectors("row"), vectors("plain"))
    assert store.is_current(paths.vectors("row", "emodb"), plan.read("row").datasets["emodb"].vectors_fingerprint)


def test_a_model_that_takes_no_clip_is_given_up_soon(bench, monkeypatch):
    starts = []

    def counted(*arguments, **options):
        starts.append(1)
        run_apart(*arguments, **options)

    work = bench(row={"factory": "fatal_embedders:Crashes"})
    work.prepare()
    monkeypatch.setattr(isolation, "run_apart", counted)
    with pytest.raises(BenchmarkError, match=r"^row on emodb: its process died by SIGSEGV") as caught:
        work.embed()
    assert not isinstance(caught.value, ClipsError)
    assert len(starts) == 3, "a batch, and two clips alone"


# -- what is made of the news, without processes ---------------------------------------------------


@pytest.fixture
def progress(bench, monkeypatch):
    """Of two datasets of 70 clips, `one` and `two`."""
    monkeypatch.setattr(provenance, "write_run", lambda *_: None)
    bench().prepare()
    listed = manifest.read("emodb")
    jobs = [
        embed.Job("row", None, None, dataclasses.replace(listed, dataset=name), None, None, "f", 1, 2.0)
        for name in ("one", "two")
    ]
    with embed.Progress(jobs) as made:
        yield made


def clips(count):
    return {"clips": count, "audio_seconds": 2.0 * count}


def news(names, **blame):
    return {"trying": names, "blame": dataclasses.asdict(Blame(**blame))}


def died(**more):
    return ProcessDiedError("row on one:", "its process died.", **more)


def test_clips_that_fail_leave_the_next_dataset_its_turn(progress):
    progress.take(clips(69))
    progress.take({"failed": "1 of 70 clips cannot be embedded"})
    assert str(progress) == "row on two"
    assert [job.listed.dataset for job in progress.left] == ["two"]
    assert {name: str(error) for name, error in progress.failed.items()} == {"one": "1 of 70 clips cannot be embedded"}


def test_a_death_outside_of_any_batch_is_the_models(progress):
    with pytest.raises(ProcessDiedError):
        progress.blame(died())
    progress.take(news(["a"]))
    with pytest.raises(ProcessDiedError):
        progress.blame(died(outside=True))


def test_the_next_process_knows_what_was_found_out(progress):
    progress.take(clips(20))
    progress.take(news(["a", "b", "c"]))
    progress.blame(died())
    assert progress.left[0].blame.suspects == ["a", "b", "c"]
    assert str(progress) == "row on one", "the next process counts anew"
    progress.take(clips(21))
    progress.take(news(["b"], suspects=["a", "b", "c"], ends=1, first="x"))
    progress.blame(died())
    assert progress.left[0].blame.bad == {"b": "its process died."}
    assert [job.listed.dataset for job in progress.left] == ["one", "two"]


def test_many_bad_clips_end_a_dataset_and_not_the_row(progress):
    for name in "abcd":
        progress.take(clips(20))
        progress.take(news([name], bad={**progress.left[0].blame.bad}))
        progress.blame(died())
    assert str(progress) == "row on two"
    assert str(progress.failed["one"]).startswith(
        "at least 4 of 70 clips cannot be embedded, 20 are done and kept: 'a'"
    )


def test_batches_without_a_culprit_are_not_tried_for_ever(progress):
    for ends in range(3):
        progress.take(news(["a", "b"], ends=ends, first="row on one: its process died."))
        progress.blame(died())
    progress.take(news(["a", "b"], ends=3, first="row on one: its process died."))
    with pytest.raises(BenchmarkError, match=r"^row on one: its process died\.$"):
        progress.blame(died())


@pytest.mark.parametrize(
    ("state", "vectors", "expected"),
    [("failed", "of the plan", ["row"]), ("unavailable", "of the plan", []), ("failed", "of older code", [])],
)
def test_what_failed_on_some_datasets_is_scored_on_the_others(bench, monkeypatch, state, vectors, expected):
    """By `run`, for DVC leaves out all that follows a failed stage."""
    work = bench()
    work.all()
    wanted = plan.read("row")
    (one,) = wanted.datasets.values()
    plan.write(wanted.model_copy(update={"datasets": {"emodb": one, "other": one}}))
    fingerprint = one.vectors_fingerprint if vectors == "of the plan" else "older"
    other = one.model_copy(update={"readiness": plan.Readiness(state=state), "vectors_fingerprint": fingerprint})
    plan.write_status("row", plan.Status(datasets={"emodb": one, "other": other}))
    monkeypatch.setattr(params, "load", lambda: work.params)
    assert everything._partly_embedded() == expected


def test_an_error_of_a_later_dataset_does_not_stand_for_an_earlier_one(bench, monkeypatch):
    def run_apart(_function, *_arguments, told, **_):
        told({"failed": "1 of 70 clips cannot be embedded"})
        raise BenchmarkError("another dataset is at fault")

    work = bench()
    work.prepare()
    monkeypatch.setattr(isolation, "run_apart", run_apart)
    with pytest.raises(BenchmarkError, match=r"^1 of 70 clips cannot be embedded$"):
        work.embed()
    assert plan.read_status("row").datasets["emodb"].readiness.reason == "1 of 70 clips cannot be embedded"


def test_a_death_after_all_was_done_is_no_failure(progress, capsys):
    progress.next()
    progress.next()
    progress.blame(died())
    assert "its process died. All was done." in capsys.readouterr().err
