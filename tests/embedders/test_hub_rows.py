"""TF Hub modules as rows, and what is known of them before TensorFlow loads."""

from __future__ import annotations

import functools
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embedders.base import EmbedderError, FrameEmbedder, MissingExtraError
from embedders.catalog import CATALOG
from embedders.hub import MODULES, TfHub
from embedders.missing import MissingWeightsError

ROOT = Path(__file__).parents[2]
ROWS = ["vggish", "yamnet", "trill", "trillsson1", "trillsson2", "trillsson3", "trillsson4", "trillsson5"]
HANDLE = "https://tfhub.dev/google/vggish/1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"module": "frill"}, "module is 'frill', expected one of vggish, yamnet, trill, trillsson1"),
        ({"module": "trill", "device": "gpu"}, "device is 'gpu', expected one of auto, cpu, cuda"),
        ({"module": "trill", "handle": "https://tfhub.dev/google/trill"}, "expected an https address that ends in a v"),
        ({"module": "trill", "handle": "trill/3"}, "expected an https address that ends in a version"),
    ],
)
def test_arguments(arguments, said):
    with pytest.raises(EmbedderError, match=said):
        TfHub(**arguments)


def test_short_clips_and_other_types_are_refused():
    with pytest.raises(EmbedderError, match="hub vggish: clip 0 has 15999 samples, expected at least 16000"):
        TfHub("vggish", weights="absent").embed([np.zeros(15999, np.float32)])
    with pytest.raises(EmbedderError, match="hub trill: clip 0 has 0 samples, expected at least 1"):
        TfHub("trill", weights="absent").embed([np.zeros(0, np.float32)])
    with pytest.raises(EmbedderError, match="clip 0 is int16, expected float32"):
        TfHub("vggish", weights="absent").embed([np.zeros(16000, np.int16)])


@pytest.mark.parametrize("offline", [True, False])
def test_whether_a_module_is_here_is_known_before_tensorflow_loads(monkeypatch, tmp_path, offline):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("MOODBENCH_OFFLINE", "1" if offline else "0")
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    find = functools.partial(TfHub.find_weights, {"module": "vggish", "handle": HANDLE})
    with pytest.raises(MissingWeightsError, match=r"^weights missing: https://\S+ \(.*does not hold it\)\. Fetch"):
        find(fetch=False)
    if offline:
        with pytest.raises(MissingWeightsError, match="MOODBENCH_OFFLINE=1 forbids"):
            find(fetch=True)
    else:
        find(fetch=True)  # may be fetched, at the first `embed`
    kept = tmp_path / hashlib.sha1(HANDLE.encode()).hexdigest()
    kept.mkdir()
    (kept / "saved_model.pb").write_bytes(b"")
    find(fetch=False)
    find(fetch=True)


def test_a_missing_tensorflow_is_told_with_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtraError, match=r"tensorflow cannot be imported .* pip install 'moodbench\[hub\]'"):
        TfHub("vggish", weights="absent").embed([np.zeros(16000, np.float32)])


def test_trillsson_averages_inside_and_has_no_frames():
    assert isinstance(TfHub("yamnet", weights="absent"), FrameEmbedder)
    assert not isinstance(TfHub("trillsson3", weights="absent"), FrameEmbedder)


@pytest.mark.parametrize("row", ROWS)
def test_rows(row):
    entry = CATALOG[row]
    assert entry.kwargs["module"] == row
    assert entry.kwargs["handle"].startswith("https://tfhub.dev/google/")
    assert (entry.extra, entry.libraries) == ("hub", ("tensorflow", "tensorflow-hub"))
    assert TfHub(**entry.kwargs).dim == entry.dim


def test_every_module_has_a_row():
    assert list(MODULES) == ROWS


def test_constructing_loads_no_framework():
    source = (
        "import sys; from embedders.hub import TfHub; from embedders.torchaudio_pipelines import TorchaudioPipeline; "
        "TfHub('yamnet', weights='absent'); TorchaudioPipeline('absent.pth'); "
        "print(sorted({'torch', 'torchaudio', 'tensorflow', 'tensorflow_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
