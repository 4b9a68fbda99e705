"""TF Hub modules, on stand-ins with the same signatures, in a process of its own.

TensorFlow is imported there: openSMILE crashes in a process that has done so.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.error
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmark.check import check_embedder
from benchmark.contract import validate_frames
from embedders.base import EmbedderError, FrameEmbedder, MissingExtraError
from embedders.hub import MODULES, TfHub

ROOT = Path(__file__).parents[2]
KINDS = ["vggish", "yamnet", "trill", "trillsson1"]
OTHER_SIZES = ["trillsson2", "trillsson3", "trillsson4", "trillsson5"]  # exported as trillsson1 is
LENGTHS = {"vggish": (40000, 16000, 31000), "yamnet": (40000, 15600, 23281)}
LENGTHS |= {"trill": (40000, 128, 16000), "trillsson1": (70000, 16000, 32000)}
HANDLE = "https://tfhub.dev/google/vggish/1"


def clips_of(kind):
    generator = np.random.default_rng(5)
    loudness = [np.linspace(0.1, 1.0, n) for n in LENGTHS[kind]]
    return [(each * generator.uniform(-0.9, 0.9, len(each))).astype(np.float32) for each in loudness]


def beside_clips_of(kind):
    """Two clips, one sample short of one more frame (or, as YAMNet pads, one beyond a frame), and just whole."""
    lengths = {"vggish": (30959, 30960), "yamnet": (15601, 23280), "trill": (18319, 18320)}[kind]
    return [clip[:length] for clip, length in zip([clips_of(kind)[0]] * 2, lengths, strict=True)]


def program():
    """What runs apart: everything that needs TensorFlow."""
    import hub_modules
    import tensorflow_hub

    out = Path(sys.argv[2])
    found, told, reports = {}, {}, {}

    def pack(folder, archive, under="."):
        with tarfile.open(archive, "w:gz") as file:
            file.add(folder, under)
        return archive

    for kind in KINDS:
        hub_modules.write(kind, out / kind)
        folder = TfHub(kind, weights=out / kind)
        found[f"{kind} folder"] = folder.embed(clips_of(kind))
        found[f"{kind} again"] = folder.embed(clips_of(kind)[::-1])[::-1]
        archive = pack(out / kind, out / f"{kind}.tar.gz", "." if kind == "trill" else kind)
        if isinstance(folder, FrameEmbedder):
            clips = [*clips_of(kind), *beside_clips_of(kind)]
            answers = validate_frames(folder.embed_frames(clips), clips, 16000, folder.dim, list("abcde"))
            for place, (vectors, times) in enumerate(answers):
                found |= {f"{kind} frames {place}": vectors, f"{kind} times {place}": times}
        found[f"{kind} archive"] = TfHub(kind, weights=str(archive), device="cpu").embed(clips_of(kind))
        report = check_embedder(functools.partial(TfHub, kind, weights=out / kind), long_seconds=20.0)
        reports[kind] = [str(finding) for finding in report.failures]

    def tell(name, kind="vggish", **source):
        try:
            TfHub(kind, **source).embed([np.zeros(32000, np.float32)])
        except (EmbedderError, MissingExtraError) as error:
            told[name] = str(error)

    cache = out / "cache" / hashlib.sha1(HANDLE.encode()).hexdigest()
    cache.parent.mkdir()
    (out / "vggish").rename(cache)
    os.environ["TFHUB_CACHE_DIR"] = str(cache.parent)
    found["handle online"] = TfHub("vggish", handle=HANDLE).embed(clips_of("vggish"))
    os.environ["MOODBENCH_OFFLINE"] = "1"
    found["handle offline"] = TfHub("vggish", handle=HANDLE).embed(clips_of("vggish"))
    cache.rename(out / "vggish")
    tell("offline", handle=HANDLE)
    del os.environ["TFHUB_CACHE_DIR"]
    tell("offline without a cache", handle=HANDLE)
    del os.environ["MOODBENCH_OFFLINE"]

    def unreachable(_):
        raise urllib.error.URLError("no route")

    resolve, tensorflow_hub.resolve = tensorflow_hub.resolve, unreachable
    tell("unreachable", handle=HANDLE)
    tensorflow_hub.resolve = resolve

    try:  # frames of YAMNet's kind in VGGish's place
        hub_modules.write("vggish", out / "dense", hop=7680)
        TfHub("vggish", weights=out / "dense").embed_frames([np.zeros(46000, np.float32)])
    except EmbedderError as error:
        told["another hop"] = str(error)
    hub_modules.write("vggish", out / "narrow", dim=64)
    hub_modules.write("trillsson1", out / "renamed", output="other")
    hub_modules.write("trill", out / "layerless", output="layer20")
    hub_modules.write("vggish", out / "signature", output="only a signature")
    tell("no source")
    tell("wrong dim", weights=out / "narrow")
    tell("no such key", "trillsson1", weights=out / "renamed")
    tell("no such key in trill", "trill", weights=out / "layerless")
    tell("three outputs", weights=out / "yamnet")
    tell("one output", "yamnet", weights=out / "vggish")
    tell("wants a rate", weights=out / "trill")
    tell("takes no rate", "trill", weights=out / "vggish")
    tell("takes no batch", "trillsson1", weights=out / "vggish")
    tell("signature", weights=out / "signature")

    for name in ("a", "b"):
        shutil.copytree(out / "vggish", out / "two" / name)
    (out / "empty").mkdir()
    (out / "text.tar.gz").write_text("a page that says no")
    whole = (out / "yamnet.tar.gz").read_bytes()
    (out / "short.tar.gz").write_bytes(whole[: len(whole) // 2])
    (out / "broken").mkdir()
    (out / "broken" / "saved_model.pb").write_bytes(b"\xff" * 99)
    (out / "yamnet" / "variables" / "variables.index").unlink()
    (out / "secret").mkdir()
    pack(out / "secret", out / "leaves.tar.gz", "../leaves")
    for name in ("two", "empty", "text.tar.gz", "short.tar.gz", "broken", "yamnet", "leaves.tar.gz", "absent"):
        tell(name, "yamnet", weights=out / name)

    np.savez(out / "found.npz", **found)
    (out / "told.json").write_text(json.dumps({"told": told, "reports": reports}))


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    if find_spec("tensorflow") is None or find_spec("tensorflow_hub") is None:
        pytest.skip("TensorFlow is not installed (extra hub)")
    out = tmp_path_factory.mktemp("hub")
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "fakes")])
    environment = {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("MOODBENCH_OFFLINE", None)
    command = [sys.executable, __file__, "apart", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out / "found.npz") as arrays:
        return {"found": dict(arrays), **json.loads((out / "told.json").read_text())}


def expected_frames(kind, clip, fakes_module):
    """The frames of the stand-in's formula, by numpy alone."""
    if kind == "yamnet":
        clip = np.pad(clip, (0, -(len(clip) - 15600) % 7680))
    if kind == "trill":
        clip = np.pad(clip, (0, max(0, 16000 - len(clip))))
    if kind == "trillsson1":
        clip = np.concatenate([clip, clip[::-1][: max(0, 32000 - len(clip))]])
    frames = [clip[start : start + 15600] for start in range(0, len(clip) - 15599, fakes_module.HOPS[kind])]
    loudness = np.sqrt(np.square(np.reshape(frames, (-1, 26, 600)).astype(np.float64)).mean(axis=-1))
    return loudness @ fakes_module.matrix(kind)


def expected(kind, fakes_module):
    return np.stack([expected_frames(kind, clip, fakes_module).mean(axis=0) for clip in clips_of(kind)])


@pytest.mark.parametrize("source", ["folder", "again", "archive"])
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_the_mean_over_frames(apart, fakes, kind, source):
    import hub_modules

    found, wanted = apart["found"][f"{kind} {source}"], expected(kind, hub_modules)
    assert found.dtype == np.float32
    assert found.shape == (3, MODULES[kind].dim)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("kind", ["vggish", "yamnet", "trill"])
def test_frames(apart, fakes, kind):
    import hub_modules

    for place, clip in enumerate([*clips_of(kind), *beside_clips_of(kind)]):
        found, wanted = apart["found"][f"{kind} frames {place}"], expected_frames(kind, clip, hub_modules)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())


CENTRES = {  # of clips of so many samples: (begin + end) / 2 of each 15600, as far as the clip reaches
    ("vggish", 0): [7799.5, 23159.5],  # 40000
    ("vggish", 1): [7799.5],  # 16000
    ("vggish", 3): [7799.5],  # 30959, one sample short of a second frame
    ("vggish", 4): [7799.5, 23159.5],  # 30960
    ("yamnet", 0): [7799.5, 15479.5, 23159.5, 30839.5, (30720 + 39999) / 2],  # 40000
    ("yamnet", 1): [7799.5],  # 15600
    ("yamnet", 3): [7799.5, (7680 + 15600) / 2],  # 15601
    ("yamnet", 4): [7799.5, 15479.5],  # 23280
    ("trill", 1): [63.5],  # 128
    ("trill", 2): [7799.5],  # 16000
    ("trill", 3): [7799.5],  # 18319
    ("trill", 4): [7799.5, 10519.5],  # 18320
}


@pytest.mark.parametrize(("kind", "place"), CENTRES)
def test_times_are_the_middle_of_what_a_frame_hears(apart, kind, place):
    np.testing.assert_allclose(apart["found"][f"{kind} times {place}"] * 16000, CENTRES[kind, place])


@pytest.mark.parametrize("kind", KINDS)
def test_contract(apart, kind):
    assert apart["reports"][kind] == []


@pytest.mark.parametrize("way", ["handle online", "handle offline"])
def test_a_handle_that_was_fetched_before_needs_no_network(apart, way):
    np.testing.assert_array_equal(apart["found"][way], apart["found"]["vggish folder"])


@pytest.mark.parametrize(
    ("case", "said"),
    {
        "no source": ("found no weights and no handle", "Give `weights`"),
        "offline": (HANDLE, "MOODBENCH_OFFLINE=1 forbids to fetch it, and TFHUB_CACHE_DIR does not hold it", ".tar.gz"),
        "offline without a cache": (HANDLE, "MOODBENCH_OFFLINE=1 forbids to fetch it"),
        "unreachable": (f"weights missing: {HANDLE} (", "no route", "give that file as `weights:`"),
        "wrong dim": ("answered one output (2, 64)", "expected one tensor (frames, 128)"),
        "another hop": ("answered 4 frames for 46000 samples, expected one every 15360", "the published vggish module"),
        "no such key": ("answered a dict with 'other' (1, 1024)", "expected a dict with 'embedding' (batch, 1024)"),
        "no such key in trill": ("a dict with 'embedding' (7, 512), 'layer20' (7, 12288)", "'layer19' of shape"),
        "three outputs": ("answered 3 outputs: (4, 521), (4, 1024), (200, 64)", "expected one tensor (frames, 128)"),
        "one output": ("answered one output (2, 128)", "expected (scores, embeddings, spectrogram)"),
        "wants a rate": ("cannot be called with (samples,) (", "expected a module that answers one tensor"),
        "takes no rate": ("cannot be called with (samples,) and sample_rate", "Give the published trill module"),
        "takes no batch": ("cannot be called with (batch, samples)", "Give the published trillsson1 module"),
        "signature": ("cannot be called; found signatures serving_default", "Give the published vggish module"),
        "two": ("two holds 2 SavedModels (a, b)", "expected one saved_model.pb"),
        "empty": ("empty holds 0 SavedModels (nothing)", "expected one saved_model.pb"),
        "text.tar.gz": ("text.tar.gz cannot be unpacked", "expected the .tar.gz of a SavedModel"),
        "short.tar.gz": ("short.tar.gz cannot be unpacked", "fetch it again"),
        "leaves.tar.gz": ("leaves.tar.gz cannot be unpacked", "outside the destination"),
        "broken": ("broken cannot be loaded", "expected a TensorFlow 2 SavedModel"),
        "yamnet": ("yamnet cannot be loaded", "The copy may be incomplete"),
        "absent": ("nothing at", "absent, expected a SavedModel folder or its .tar.gz"),
    }.items(),
)
def test_what_is_wrong_is_told_in_one_line(apart, case, said):
    line = apart["told"][case]
    assert [part for part in said if part not in line] == [], line
    assert "\n" not in line
    assert len(line) < 700


def test_a_stand_in_speaks_for_every_module():
    assert [*KINDS, *OTHER_SIZES] == list(MODULES)


if __name__ == "__main__":
    program()
