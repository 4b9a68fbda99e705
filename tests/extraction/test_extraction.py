"""Clips to vectors: every answer is checked, a resumed run gives the same bytes."""

from __future__ import annotations

import os

import numpy as np
import pytest
import soxr
from threadpoolctl import threadpool_info, threadpool_limits

from benchmark import audio, datasets
from benchmark.embedding import embed_clips
from benchmark.errors import BenchmarkError, ContractError, DatasetError
from benchmark.reader import ClipReader

RATE = 8000


def test_the_reader_gives_the_samples_of_the_archive(corpus, pcm):
    folder = datasets.ensure_prepared("emodb")
    same, other = ClipReader(folder, RATE), ClipReader(folder, 16000)
    for clip in corpus.clips[::9]:
        expected = pcm(clip["id"]).astype(np.float32) / np.float32(32768)
        assert clip["samples"] == len(expected)
        assert np.array_equal(same.read(clip["id"]), expected)
        assert np.array_equal(other.read(clip["id"]), soxr.resample(expected, RATE, 16000, quality="HQ"))


def test_an_unknown_clip_is_named(corpus):
    with pytest.raises(DatasetError, match=r"clip 'wav/no\.wav' is in the manifest but not in the prepared data"):
        ClipReader(datasets.ensure_prepared("emodb"), RATE).read("wav/no.wav")


def test_vectors_are_the_embedders_in_the_order_of_the_manifest(run, corpus, small, pcm):
    told = []
    summary, vectors, meta = run("Loudness", advance=lambda clips, seconds: told.append((clips, seconds)))
    embedder = small.Loudness()
    signals = [pcm(c["id"]).astype(np.float32) / np.float32(32768) for c in corpus.clips]
    assert np.array_equal(vectors, embedder.embed(signals))
    assert (summary.clips, summary.reused, summary.padded) == (70, 0, 0)
    assert sum(clips for clips, _ in told) == 70
    assert sum(seconds for _, seconds in told) == pytest.approx(sum(map(len, signals)) / RATE)
    assert summary.audio_seconds == pytest.approx(sum(map(len, signals)) / RATE)
    assert meta["clips_fingerprint"] == corpus.clips_fingerprint
    assert (meta["dataset"], meta["variant"]) == ("emodb", corpus.variant)
    assert (meta["sample_rate"], meta["dim"], meta["padded_clips"], meta["statistics"]) == (RATE, 4, 0, {})


def test_resampling_happens_before_the_embedder(run, corpus, small, pcm):
    _, vectors, meta = run("Doubled")
    clip = corpus.clips[7]
    signal = audio.resample(audio.to_float(pcm(clip["id"])), RATE, 16000)
    assert np.array_equal(vectors[7], small.Doubled().one(signal))
    assert meta["sample_rate"] == 16000


def test_batching_and_workers_do_not_change_a_bit(run):
    _, expected, meta = run("Loudness", "a", budget=2.0)
    for name, budget, workers in (("b", 0.2, 1), ("c", 1000.0, 2)):
        _, vectors, other = run("Loudness", name, budget=budget, workers=workers)
        assert np.array_equal(vectors, expected)
        assert {**other, "embedder": "a"} == meta


@pytest.mark.parametrize("workers", [1, 2])
def test_one_of_a_worker_a_core_has_one_thread(run, workers):
    with threadpool_limits(2):
        _, vectors, _ = run("Threads", workers=workers)
        assert set(vectors[:, 3]) == {1.0}
        assert max(library["num_threads"] for library in threadpool_info()) == 2


def test_equal_length_batches_only(run, small):
    _, vectors, _ = run("OneLength")
    _, expected, _ = run("Loudness", "other")
    assert np.array_equal(vectors, expected)


def test_equal_lengths_that_differ_after_resampling_go_one_by_one(small):
    clips = [np.full(n, 0.5, np.float32) for n in (100, 101)]
    assert embed_clips(small.OneLength(), clips, ["a", "b"]).shape == (2, 4)


def test_short_clips_are_padded_and_counted(run, corpus, small, pcm):
    short = sum(clip["samples"] < 960 for clip in corpus.clips)
    assert 0 < short < 70
    summary, vectors, meta = run("Patient")
    assert summary.padded == meta["padded_clips"] == short
    row = next(n for n, clip in enumerate(corpus.clips) if clip["samples"] < 960)
    signal = audio.to_float(pcm(corpus.clips[row]["id"]))
    padded = np.concatenate([signal, np.zeros(960 - len(signal), np.float32)])
    assert np.array_equal(vectors[row], small.Loudness().one(padded))


def test_out_of_memory_halves_the_batch(run, small):
    small.SmallMemory.sizes.clear()
    _, vectors, _ = run(small.SmallMemory())
    _, expected, _ = run("Loudness", "other")
    assert np.array_equal(vectors, expected)
    assert max(small.SmallMemory.sizes) > 3
    assert {size for size in small.SmallMemory.sizes if size <= 3}


def test_one_clip_too_much_is_an_error_that_names_it(run):
    with pytest.raises(ContractError, match=r"embedding 'wav/\d\da\d\d\w[ab]\.wav': MemoryError"):
        run("NoMemory")


def test_statistics_come_from_the_training_part(run, corpus, pcm):
    train = [pcm(c["id"]) for c in corpus.clips if c["part"] == "train"]
    assert 0 < len(train) < 70
    expected = float(np.mean([np.abs(clip.astype(np.float32) / 32768).mean() for clip in train]))
    _, vectors, meta = run("Levelled")
    assert meta["statistics"]["dataset"] == "emodb"
    assert meta["statistics"]["loudness"] == pytest.approx(expected, rel=1e-6)
    _, plain, _ = run("Loudness", "other")
    assert np.allclose(vectors, plain / np.float32(expected), rtol=1e-5)


def test_without_a_training_part_all_clips_give_the_statistics(run, corpus, pcm):
    for clip in corpus.clips:
        clip["part"] = "all_of_it"
    expected = np.mean([np.abs(pcm(c["id"]).astype(np.float32) / 32768).mean() for c in corpus.clips])
    _, _, meta = run("Levelled")
    assert meta["statistics"]["loudness"] == pytest.approx(float(expected), rel=1e-6)


def test_helper_processes_embed_where_declared(run, small):
    _, vectors, _ = run("Abroad", workers=2)
    _, expected, _ = run("Loudness", "other")
    assert np.array_equal(vectors[:, :3], expected[:, :3])
    assert os.getpid() % 100_000 not in set(vectors[:, 3].tolist())
    _, here, _ = run("Abroad", "one", workers=1)
    assert set(here[:, 3].tolist()) == {os.getpid() % 100_000}


def test_a_fitted_embedder_travels_with_its_statistics(run):
    _, expected, meta = run("Levelled", "here")
    _, vectors, other = run("LevelledAbroad", "abroad", workers=2)
    assert np.array_equal(vectors, expected)
    assert other["statistics"] == meta["statistics"]
    with pytest.raises(ContractError, match=r"must be picklable after fit_statistics; found .*lambda"):
        run("LevelledStuck", "stuck", workers=2)


def test_a_helper_that_dies_is_told_with_the_way_out(run):
    with pytest.raises(BenchmarkError, match=r"a worker process died .*Run again"):
        run("Dies", workers=2)


@pytest.mark.parametrize(
    ("embedder", "message"),
    [
        (
            "Raises",
            r"embedding 'wav/\S+' and \d+ more: IndexError: list index out of range \(small_embedders.*\)$",
        ),
        ("NanOnLoud", r"found nan among the 4 numbers of clip \d+ \('wav/1[01]a\S+'\), 4 not finite"),
        ("OneRowTooFew", r"found shape \(\d+, 4\), expected \(\d+, 4\)"),
    ],
)
def test_a_broken_embedder_is_told_with_the_clip_and_leaves_nothing_finished(run, tmp_path, embedder, message):
    with pytest.raises(ContractError, match=message):
        run(embedder)
    assert not (tmp_path / "vectors" / "row" / "corpus" / "meta.json").exists()


class Stop(BaseException):
    pass


@pytest.mark.parametrize("after", [1, 3])
def test_a_resumed_run_gives_the_bytes_of_an_undisturbed_one(run, small, tmp_path, after):
    run("Loudness", "undisturbed", budget=1.0)
    seen = []

    class Counted(small.Loudness):
        def embed(self, clips):
            if len(seen) == after:
                raise Stop
            seen.append(len(clips))
            return super().embed(clips)

    with pytest.raises(Stop, match=r"^$"):
        run(Counted(), "killed", budget=1.0)
    before = sum(seen)
    after = 10_000
    summary, _, _ = run(Counted(), "killed", budget=1.0)
    assert summary.reused == before > 0
    assert sum(seen) == 70, "no clip is embedded twice"
    first, second = (tmp_path / "vectors" / name / "corpus" for name in ("undisturbed", "killed"))
    assert (first / "vectors.npy").read_bytes() == (second / "vectors.npy").read_bytes()
