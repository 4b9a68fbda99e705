"""Frames on disk: ragged, in the manifest's order, resumable, checked when written and when read."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from benchmark import audio, datasets, frame_store, isolation, manifest, params, paths, workers
from benchmark.errors import BenchmarkError, ContractError, DatasetError, StoreError, UnknownNameError
from benchmark.frame_store import FrameWriter
from benchmark.frames import open_frames, run
from benchmark.params import Params
from benchmark.reader import ClipReader
from embedders.byol import Byol
from embedders.byol.encoder import AudioNTT2020

RATE = 8000
FILES = {"frames.npy", "times.npy", "offsets.npy", "meta.json"}


@pytest.fixture
def fake(fakes):
    return import_module("frame_embedders")


@pytest.fixture
def corpus(manual, project):
    listed = datasets.base_manifest("emodb")
    manifest.write(listed)
    return listed


@pytest.fixture
def embed(corpus, fake, inline_workers, monkeypatch):
    """`embed("Class", name, ...)` runs the command in this process; answers the folder."""
    monkeypatch.setattr(workers, "Workers", inline_workers)

    def go(row="Envelope", name="row", *, batch_seconds=1.0, fresh=False, **fields):
        entry = {"factory": f"frame_embedders:{row}", **fields} if isinstance(row, str) else row
        chosen = Params.model_validate({"suites": ["demo"], "embedders": {name: entry}})
        options = {"device": "cpu", "workers": 1, "patience": 60.0, "fresh": fresh}
        run(chosen, name, ["emodb"], batch_seconds=batch_seconds, **options)
        return paths.frames(name, "emodb")

    return go


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """How many clips were embedded, batch by batch."""
    file = tmp_path / "counted"
    monkeypatch.setenv("COUNTED", str(file))
    return lambda: [int(line) for line in file.read_text().split()] if file.is_file() else []


def signals(corpus, rate=RATE):
    reader = ClipReader(datasets.ensure_prepared("emodb"), rate)
    return [reader.read(clip["id"]) for clip in corpus.clips]


# -- what is written ------------------------------------------------------------------------------


def test_each_clip_gets_its_own_frames_in_the_order_of_the_manifest(embed, corpus, fake):
    folder = embed()
    wanted = fake.Envelope().embed_frames(signals(corpus))
    assert len({len(times) for _, times in wanted}) > 2, "ragged"
    frames = open_frames(folder)
    assert len(frames) == len(corpus.clips) == 70
    for found, expected in zip(frames, wanted, strict=True):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    np.testing.assert_array_equal(frames[-1][0], wanted[-1][0])
    with pytest.raises(IndexError):
        frames[70]
    assert {file.name for file in folder.iterdir()} == FILES


def test_the_files_are_plain_numpy_and_the_record_vouches_for_them(embed, corpus):
    folder = embed()
    meta = json.loads((folder / "meta.json").read_text())
    vectors, times, offsets = (np.load(folder / f"{name}.npy") for name in ("frames", "times", "offsets"))
    assert (vectors.dtype, times.dtype, offsets.dtype) == (np.float32, np.float64, np.int64)
    assert vectors.shape == (offsets[-1], 4) == (len(times), 4) == (meta["frames"], meta["dim"])
    assert len(offsets) == meta["clips"] + 1 == 71
    assert np.diff(offsets).tolist() == [clip["samples"] // 100 for clip in corpus.clips]
    for name in ("frames", "times", "offsets"):
        assert meta[f"{name}_sha256"] == hashlib.sha256((folder / f"{name}.npy").read_bytes()).hexdigest()
    assert (meta["kind"], meta["embedder"], meta["dataset"], meta["sample_rate"]) == ("frames", "row", "emodb", RATE)
    assert meta["clips_fingerprint"] == corpus.clips_fingerprint
    assert str(paths.ROOT) not in (folder / "meta.json").read_text()


def test_byol_with_random_weights_against_a_direct_call(embed, corpus, tmp_path):
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(4)
        torch.save(AudioNTT2020(512).state_dict(), tmp_path / "byol.pth")
    kwargs = {"d": 512, "statistics": [-5.5, 5.0], "precision": "bfloat16"}
    fields = {"like": "byol_s_512", "weights": str(tmp_path / "byol.pth"), "kwargs": kwargs}
    frames = open_frames(embed(fields, "byol", batch_seconds=4.0))
    direct = Byol(tmp_path / "byol.pth", device="cpu", **kwargs)
    heard = [audio.pad_to(clip, 1120) for clip in signals(corpus, 16000)]
    for found, clip in zip(frames, heard, strict=True):
        vectors, times = direct.embed_frames([clip])[0]
        np.testing.assert_allclose(found[0], vectors, atol=direct.tolerance * vectors.max())
        np.testing.assert_array_equal(found[1], times)
    other = open_frames(embed({**fields, "kwargs": {**kwargs, "precision": "float32"}}, "byol", batch_seconds=4.0))
    assert other.meta["fingerprint"] != frames.meta["fingerprint"]


def test_batches_statistics_padding_and_memory(embed, corpus, fake, counted):
    plain = (embed() / "frames.npy").read_bytes()
    assert (embed(name="large", batch_seconds=100.0) / "frames.npy").read_bytes() == plain
    assert (embed("SmallMemory", "small", batch_seconds=100.0) / "frames.npy").read_bytes() == plain
    assert 1 <= max(counted()) <= 3
    fitted = open_frames(embed("Fitted", "fitted"))
    train = [clip for clip, row in zip(signals(corpus), corpus.clips, strict=True) if row["part"] == "train"]
    loudness = np.mean([np.abs(clip).mean() for clip in train])
    assert fitted.meta["statistics"]["loudness"] == pytest.approx(loudness, rel=1e-6)
    padded = open_frames(embed("OneLength", "padded"))
    short = [n for n, clip in enumerate(corpus.clips) if clip["samples"] < 960]
    assert padded.meta["padded_clips"] == len(short) > 0
    assert {len(padded[n][1]) for n in short} == {9}


# -- again, and after a kill ----------------------------------------------------------------------


def test_what_is_there_is_not_done_again_unless_asked(embed, corpus, counted):
    embed("Counted")
    embed("Counted")
    assert sum(counted()) == 70
    embed("Counted", fresh=True)
    assert sum(counted()) == 140
    folder = embed("Counted", kwargs={}, libraries=["numpy"])  # another identity
    assert sum(counted()) == 210
    assert open_frames(folder).meta["identity"]["libraries"].keys() == {"numpy"}


@pytest.mark.parametrize("how", ["edited", "moved away"])
def test_frames_of_a_model_that_was_edited_under_way_do_not_count(embed, tmp_path, monkeypatch, how):
    file = tmp_path / "strange_frames.py"
    text = "from frame_embedders import Envelope\n\n\nclass Model(Envelope):\n    pass\n"
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    real = isolation.run_apart

    def then_edited(*arguments, **options):
        real(*arguments, **options)
        if how == "edited":
            file.write_text(text + "\n\nEDITED = True\n")
        else:
            file.unlink()

    monkeypatch.setattr(isolation, "run_apart", then_edited)
    with pytest.raises(BenchmarkError, match=r"^frames row: it was edited while it ran, so what it made"):
        embed({"factory": "strange_frames:Model"})
    assert frame_store.read_meta(paths.frames("row", "emodb")) is None
    file.write_text(text)
    monkeypatch.setattr(isolation, "run_apart", real)
    assert frame_store.read_meta(embed({"factory": "strange_frames:Model"})) is not None


@pytest.mark.parametrize("where", ["second part", "join", "replace", "record"])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(embed, counted, monkeypatch, where):
    wanted = {name: (embed(name="whole") / name).read_bytes() for name in FILES - {"meta.json"}}

    class Killed(BaseException):
        pass

    def dies_at(number, name, owner):
        original, calls = getattr(owner, name), []

        def dying(*arguments, **options):
            calls.append(arguments)
            if len(calls) == number:
                raise Killed
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, dying)
        return lambda: monkeypatch.setattr(owner, name, original)

    back = {
        "second part": lambda: dies_at(3, "put", FrameWriter),
        "join": lambda: dies_at(2, "_whole", FrameWriter),
        "replace": lambda: dies_at(2, "_file", frame_store),  # one array moved, two not
        "record": lambda: dies_at(2, "write_json", frame_store),  # after the head
    }[where]()
    with pytest.raises((Killed, ContractError)):
        embed("Counted", "killed")
    back()
    folder = paths.frames("killed", "emodb")
    done = sum(counted())
    assert 0 < done <= 70
    with pytest.raises(StoreError, match=r"no finished frames of 'emodb' by 'killed'; run 'moodbench frames killed"):
        open_frames(folder)
    embed("Counted", "killed")
    batch = 0 if done == 70 else counted()[2]  # the third was embedded, and died unwritten
    assert sum(counted()) == 70 + batch
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "meta.json"} == wanted


def test_of_a_part_that_was_damaged_only_its_clips_are_embedded_again(embed, counted, monkeypatch):
    wanted = (embed(name="whole") / "frames.npy").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as here:
        here.setattr(FrameWriter, "_join", full)
        with pytest.raises(StoreError, match="No space left on device"):
            embed("Counted")
    before, folder = counted(), paths.frames("row", "emodb")
    parts = sorted(folder.glob("part-*"))
    assert len(parts) == len(before) > 2
    parts[1].write_bytes(parts[1].read_bytes()[:-50])
    embed("Counted")
    assert (folder / "frames.npy").read_bytes() == wanted
    assert len(counted()) == len(before) + 1


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            "raises",
            r"frames of 'wav/\S+' and \d+ more: IndexError: list index out of range \(frame_embedders.*\)$",
        ),
        ("too few", r"found \d+ answers, expected a list of \d+, one a clip"),
        ("no list", r"found a ndarray, expected a list of \d+"),
        ("no pair", r"found a ndarray, expected a pair of arrays"),
        ("nan", r"frames of 'wav/\S+': found numbers that are not finite in frame 2"),
        ("behind the end", r"found times from 1\.006 to 1\.\d+ s, expected them inside a clip of 0\.\d+ s"),
        ("before the begin", r"found times from -0\.994"),
        ("falling", "found times that do not rise"),
        ("milliseconds", r"found times float32 of shape \(\d+,\) for"),
        ("double", r"found vectors float64 of shape \(\d+, 4\), expected float32 of shape \(frames, 4\)"),
        ("narrow", r"found vectors float32 of shape \(\d+, 3\)"),
        ("flat", r"found vectors float32 of shape \(4,\)"),
        ("a time too many", r"found times float64 of shape \(\d+,\) for \d+ vectors"),
        ("none", r"found times float64 of shape \(0,\) for 0 vectors"),
    ],
)
def test_a_wrong_answer_is_told_with_the_clip_and_leaves_nothing_finished(embed, how, message):
    with pytest.raises(ContractError, match=message):
        embed("Bad", kwargs={"how": how})
    assert not (paths.frames("row", "emodb") / "meta.json").exists()


def test_a_row_without_frames_is_told_which_have_them(embed, fake):
    names = "byol_s_512, .*musicnn"
    for entry in ({}, {"factory": "small_embedders:Loudness"}):
        with pytest.raises(
            ContractError, match=rf"'logmel_stats' answers no frames, .* others of their kind: .*{names}"
        ):
            embed(entry, "logmel_stats")
    with pytest.raises(ContractError) as told:
        embed({}, "random_cnn")
    assert "random_cnn" not in str(told.value).partition("have it")[2]


def test_unknown_names_and_datasets_without_a_manifest(embed, corpus):
    chosen = Params.model_validate({"suites": ["demo"], "embedders": {"row": {"factory": "frame_embedders:Envelope"}}})
    options = {"device": "cpu", "workers": 1, "batch_seconds": 1.0, "patience": 60.0}
    with pytest.raises(UnknownNameError, match=r"unknown embedder 'rov'\. Did you mean 'row'"):
        run(chosen, "rov", ["emodb"], **options)
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'emodv'\. Did you mean .*'emodb'"):
        run(chosen, "row", ["emodv"], **options)
    paths.manifest("emodb").unlink()
    with pytest.raises(DatasetError, match=r"emodb has no manifest here\. Run 'moodbench data prepare emodb' first"):
        run(chosen, "row", ["emodb"], **options)


def test_files_that_changed_are_refused(embed):
    folder = embed()
    with pytest.raises(StoreError, match=r"were made from other inputs: found \w{12}, expected abc\."):
        open_frames(folder, "abc")
    for name in ("frames", "times", "offsets"):
        file = folder / f"{name}.npy"
        raw = file.read_bytes()
        file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
        with pytest.raises(StoreError, match=rf"frames of 'emodb' by 'row': {name}\.npy does not hold the bytes"):
            open_frames(folder)
        file.write_bytes(raw)
    assert len(open_frames(folder)) == 70
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "frames": meta["frames"] + 1}))
    with pytest.raises(StoreError, match="with rising offsets"):
        open_frames(folder)
    (folder / "times.npy").unlink()
    with pytest.raises(StoreError, match="no finished frames"):
        open_frames(folder)


# -- the command ----------------------------------------------------------------------------------


def test_the_command_runs_the_model_apart(corpus, project, fakes, tell):
    params_file = "suites:\n  - demo\nembedders:\n  row:\n    factory: frame_embedders:Envelope\n"
    paths.PARAMS.write_text(params_file, encoding="utf-8")
    assert params.load().embedders
    told = tell("frames", "row", "emodb", "--workers", "1", "--device", "cuda")
    assert (told.code, "frames row on emodb: 70 clips" in told.lines) == (0, True)
    assert told.line("frames row: --device cuda changes nothing: its constructor takes no device.")
    assert len(open_frames(paths.frames("row", "emodb"))) == 70
    assert tell("frames", "row", "emodb").line("frames row: there already for emodb")
    told = tell("frames", "chance", "emodb")
    assert told.code == 2
    assert told.line("embedder 'chance' answers no frames")


def test_reading_loads_no_framework():
    program = "import sys; from benchmark.frames import open_frames; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert not {"'torch'", "'tensorflow'", "'sklearn'", "'pandas'"} & set(done.stdout.strip("[]\n").split(", "))
