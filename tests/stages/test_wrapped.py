"""A stranger's HEAR module and function go through the stages as rows, and an edit of theirs embeds them again."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from benchmark import paths

HEAR = """\
import torch


class Model(torch.nn.Module):
    sample_rate = 8000
    scene_embedding_size = timestamp_embedding_size = 2


def load_model(model_file_path=""):
    return Model()


def get_scene_embeddings(audio, model):
    return torch.stack([FACTOR * audio.std(1), torch.diff(torch.signbit(audio).float()).abs().mean(1)], 1)


def get_timestamp_embeddings(audio, model):
    return get_scene_embeddings(audio, model)[:, None], torch.zeros(len(audio), 1)


def function(audio, rate):
    return get_scene_embeddings(torch.from_numpy(audio)[None], None)[0]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """`write(2.0)` writes the stranger's package; again to edit it."""
    package = tmp_path / "outside" / "wrapped_stranger"
    package.mkdir(parents=True)
    monkeypatch.syspath_prepend(package.parent)

    def put(factor):
        for name in [name for name in sys.modules if name.startswith("wrapped_stranger")]:
            del sys.modules[name]
        shutil.rmtree(package / "__pycache__", ignore_errors=True)
        (package / "__init__.py").write_text(f"FACTOR = {factor}\n")
        (package / "net.py").write_text(f"from wrapped_stranger import FACTOR\n{HEAR}")

    yield put
    for name in [name for name in sys.modules if name.startswith("wrapped_stranger")]:
        del sys.modules[name]


def test_rows_of_adapters_are_rows(bench, write):
    write(1.0)
    function = {"function": "wrapped_stranger.net:function", "kwargs": {"sample_rate": 8000}}
    made = bench(heard={"hear": "wrapped_stranger.net"}, called=function)
    made.all()
    board = made.board()
    assert {row["state"] for row in board.values()} == {"scored"}, board
    vectors = [np.load(paths.vectors(name, "emodb") / "vectors.npy") for name in ("heard", "called")]
    assert vectors[0] == pytest.approx(vectors[1], rel=1e-5)
    before = made.written(paths.EMBEDDINGS)
    made.all()
    assert made.written(paths.EMBEDDINGS) == before
    write(2.0)  # a file of the package that no entry names
    made.all()
    edited = np.load(paths.vectors("heard", "emodb") / "vectors.npy")
    assert edited[:, 0] == pytest.approx(2 * vectors[0][:, 0], rel=1e-5)
    assert edited[:, 1] == pytest.approx(vectors[0][:, 1], rel=1e-5)
