"""Clips that a model cannot take: named, tried alone, and no harm to the others."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from benchmark import audio
from benchmark.blame import Blame
from benchmark.construction import Construction
from benchmark.errors import ClipsError, ContractError, Unavailable

RATE = 8000


@pytest.fixture
def picky(corpus, pcm):
    """`picky(how, count)` answers the clips that an embedder cannot take, and the embedder."""

    def make(how, count=1, kind="Picky", **more):
        names = [clip["id"] for clip in corpus.clips[5::7][:count]]
        checksums = [zlib.crc32(audio.to_float(pcm(name)).tobytes()) for name in names]
        kwargs = {"how": how, "checksums": checksums, **more}
        return names, Construction(f"small_embedders:{kind}", kwargs, None, "cpu")

    return make


@pytest.mark.parametrize(
    ("how", "said"), [("raises", "ValueError: .* samples are not for me"), ("is nan", "found nan among the 4 numbers")]
)
@pytest.mark.parametrize("count", [1, 3])
def test_bad_clips_are_named_and_cost_no_other(run, corpus, picky, tmp_path, how, said, count):
    names, making = picky(how, count)
    with pytest.raises(
        ClipsError, match=f"^{count} of 70 clips cannot be embedded, {70 - count} are done.* {said}"
    ) as e:
        run(making)
    assert all(repr(name) in str(e.value) for name in names)
    folder = tmp_path / "vectors" / "row" / "corpus"
    assert not (folder / "meta.json").exists()
    done = np.load(folder / "done.partial.npy")
    assert {clip["id"] for clip, is_done in zip(corpus.clips, done, strict=True) if not is_done} == set(names)


def test_many_bad_clips_are_the_models_fault(run, picky):
    with pytest.raises(ClipsError, match=r"^at least 4 of 70 clips cannot be embedded, \d+ are done"):
        run(picky("raises", 10)[1])


def test_a_model_that_takes_no_clip_is_told_as_it_first_failed(run):
    told = []
    with pytest.raises(ContractError, match=r"^embedding '\S+' and \d+ more: IndexError: list") as caught:
        run("Raises", trying=lambda names: told.append(len(names)))
    assert not isinstance(caught.value, ClipsError)
    assert told[1:] == [1, 1], "two clips alone are enough"


def test_what_is_done_besides_bad_clips_is_taken(run, picky, tmp_path):
    _, expected, _ = run("Loudness", "undisturbed")
    with pytest.raises(ClipsError):
        run(picky("raises")[1])
    (tmp_path / "mended").touch()
    summary, vectors, _ = run(picky("raises", marker=str(tmp_path / "mended"))[1])
    assert summary.reused == 69
    assert np.array_equal(vectors, expected)


@pytest.mark.parametrize(("kind", "how", "workers"), [("Picky", "raises", 1), ("PickyAbroad", "crashes", 2)])
def test_what_happens_once_is_no_bad_clip(run, picky, tmp_path, kind, how, workers):
    _, expected, _ = run("Loudness", "undisturbed")
    _, vectors, _ = run(picky(how, kind=kind, marker=str(tmp_path / "once"))[1], workers=workers)
    assert (tmp_path / "once").exists()
    assert np.array_equal(vectors, expected)


def test_a_helper_that_dies_of_a_clip_is_replaced_and_the_clip_named(run, picky):
    (name,), making = picky("crashes", kind="PickyAbroad")
    with pytest.raises(ClipsError, match=rf"^1 of 70 clips cannot be embedded, 69 .*{name}.* died by SIGSEGV"):
        run(making, workers=2)


def test_after_an_error_of_the_gpu_no_clip_is_blamed(run, small):
    told = []

    class Sick(small.Loudness):
        def embed(self, clips):
            raise RuntimeError("CUDA error: device-side assert triggered")

    with pytest.raises(ContractError, match=r"more: RuntimeError: CUDA error: device-side"):
        run(Sick(), trying=lambda names: told.append(names))
    assert len(told) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_missing_blames_no_clip(run, workers):
    blame = Blame()
    making = Construction("fatal_embedders:ImportsLateInWorker", {}, None, "cpu")
    with pytest.raises(Unavailable, match=r"^cannot import 'moodmissing_late'\. .* pip install moodmissing_late\.$"):
        run(making, workers=workers, blame=blame)
    assert blame == Blame()


def test_short_suspects_are_tried_first(run, corpus, pcm):
    """A model that cannot take the longest clips is found to take the others."""
    longest = sorted(corpus.clips, key=lambda clip: clip["samples"])[-2:]
    checksums = [zlib.crc32(audio.to_float(pcm(clip["id"])).tobytes()) for clip in longest]
    making = Construction("small_embedders:Picky", {"how": "raises", "checksums": checksums}, None, "cpu")
    with pytest.raises(ClipsError, match=r"^2 of 70 clips cannot be embedded, 68 are done"):
        run(making, budget=1000.0)


def test_a_clip_that_is_done_is_not_bad(run, corpus):
    """As when the process died after it was stored, and before the next began."""
    blame = Blame(bad={corpus.clips[3]["id"]: "its process died."})
    _, expected, _ = run("Loudness", "other")

    class Stops:
        def __init__(self):
            self.left = 60

        def __call__(self, clips, _seconds):
            self.left -= clips
            if self.left < 0:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("Loudness", advance=Stops())
    _, vectors, _ = run("Loudness", blame=blame)
    assert np.array_equal(vectors, expected)
