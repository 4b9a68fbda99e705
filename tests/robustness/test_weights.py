"""Weights that are not here, or not the right ones, and embedders that cannot be made: one row, and no other."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import sys

import pytest

from benchmark import paths
from embedders.base import Entry, Weights
from embedders.catalog import CATALOG

SECTION = "Embedders and weights"


@pytest.fixture
def alone(rows, on_page):
    """`alone(kind, entry, by)`: a command tells the fault, it stands on the page, and only `row` lacks a score."""

    def check(kind, entry, by):
        told = rows.run(entry)
        if by == "table":
            assert {each.code for each in told.values()} == {0}
            line, code = rows.shown(), 0
            assert line.startswith("not run: ")
        else:
            parts = ("embedder row: ",) if by == "prepare" else ("error: ",)
            line, code = told[by].line(*parts), told[by].code
            assert code == 2
            assert told["evaluate row"].code == 2
            assert told["report"].code == 1
            assert rows.table()["row"]["state"] == "failed"
        on_page(SECTION, kind, line, code, goes_on=by == "table")
        assert not list(paths.CELLS.glob("row/emodb*"))
        assert float(rows.table()["other"]["value"]) > 0.4
        return told

    return check


@pytest.fixture
def number(tmp_path):
    """A weights file of the user's own that holds one number."""
    file = tmp_path / "number.txt"
    file.write_text("3.5")
    return file


def own(path) -> str:
    return f'{{factory: "small_embedders:FromFile", weights: "{path}"}}'


# -- a file of one's own ----------------------------------------------------------------------------


def test_no_file_on_page(alone, tmp_path):
    alone("no weights file where `weights` says", own(tmp_path / "nowhere.txt"), "table")


def test_an_empty_file_on_page(alone, number):
    number.write_text("")
    alone("an empty weights file", own(number), "prepare")


def test_a_folder_on_page(alone, tmp_path):
    (tmp_path / "folder").mkdir()
    alone("an empty folder as weights", own(tmp_path / "folder"), "prepare")


def test_the_home_of_nobody_on_page(alone):
    alone("weights in the home folder of nobody", own("~nobody_of_that_name/number.txt"), "prepare")


@pytest.mark.parametrize("kind", ["home", "project"])
def test_a_path_from_the_home_or_the_project_is_found_from_anywhere(rows, number, tmp_path, monkeypatch, kind):
    (tmp_path / "elsewhere").mkdir()
    if kind == "home":
        monkeypatch.setenv("HOME", str(tmp_path))
        entry = own("~/number.txt")
    else:
        monkeypatch.setattr(paths, "ROOT", tmp_path)
        for folder in ("benchmark", "embedders", "tfds_builders"):
            (tmp_path / folder).symlink_to(paths.BUILDERS.parent / folder)
        monkeypatch.setattr(paths, "BUILDERS", tmp_path / "tfds_builders")
        entry = own("number.txt")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert {each.code for each in rows.run(entry).values()} == {0}
    assert rows.table()["row"]["state"] == "scored"


def exchange(file, content: bytes) -> None:
    """Another file of the same name, size and date, as `cp -p` leaves it."""
    before = file.stat()
    assert len(content) == before.st_size
    other = file.with_name("other.tmp")
    other.write_bytes(content)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_an_exchanged_file_on_page(rows, tell, on_page, number):
    rows.run(own(number))
    first = rows.table()["row"]["value"]
    exchange(number, b"0.1")
    assert tell("prepare").code == 0
    report = tell("report")
    on_page(SECTION, "weights exchanged, with the same name, size and date", rows.shown(), report.code, goes_on=True)
    assert rows.table()["other"]["state"] == "scored"
    rows.run(own(number))
    assert rows.table()["row"]["state"] == "scored"
    exchange(number, b"3.5")
    rows.run(own(number))
    assert rows.table()["row"]["value"] == first


# -- a file that the catalogue declares -------------------------------------------------------------


@pytest.fixture
def declared(here, tmp_path, monkeypatch):
    """The file of a catalogue row `tiny`, known by its sha256."""
    content = b"2.5"
    weights = Weights(
        file="tiny_number.txt",
        sha256=hashlib.sha256(content).hexdigest(),
        url="",
        licence="MIT",
        redistributable=True,
        way_out="Write 2.5 into weights/tiny_number.txt.",
    )
    entry = Entry(
        title="Tiny", factory="small_embedders:FromFile", dim=4, sample_rate=8000, parameters=1, citation="x",
        licence="MIT", weights=weights,
    )  # fmt: skip
    monkeypatch.setitem(CATALOG, "tiny", entry)
    file = tmp_path / "data" / "weights" / "tiny_number.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


def test_a_declared_file_that_is_absent_on_page(alone, declared):
    declared.unlink()
    alone("no weights file, of a catalogue row", "{like: tiny}", "table")


@pytest.mark.parametrize(
    ("kind", "content"),
    [("another file under the declared name", b"9.5"), ("an empty file under the declared name", b"")],
)
def test_another_file_on_page(alone, declared, kind, content):
    declared.write_bytes(content)
    alone(kind, "{like: tiny}", "prepare")
    assert declared.read_bytes() == content


def test_an_exchanged_declared_file_on_page(rows, tell, on_page, declared):
    rows.run("{like: tiny}")
    assert rows.table()["row"]["state"] == "scored"
    exchange(declared, b"9.5")
    told = tell("prepare")
    kind = "a declared file exchanged, with the same name, size and date"
    on_page(SECTION, kind, told.line("embedder row: "), told.code)


# -- checkpoints of PyTorch -------------------------------------------------------------------------


class RunsCode:
    """Unpickled by a careless reader, it makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.fixture
def checkpoint(tmp_path):
    """A sound state dict of the encoder that `byol_s_512` names, with random weights."""
    import torch

    from embedders.byol.encoder import AudioNTT2020

    torch.manual_seed(0)
    file = tmp_path / "model.pth"
    torch.save(AudioNTT2020(512).state_dict(), file)
    return file


BYOL = "{{like: byol_s_512, kwargs: {{statistics: serab}}, weights: {}}}"


def test_a_sound_checkpoint_runs(rows, checkpoint):
    assert {each.code for each in rows.run(BYOL.format(checkpoint)).values()} == {0}
    assert rows.table()["row"]["state"] == "scored"


def test_other_shapes_on_page(alone, checkpoint):
    import torch

    content = torch.load(checkpoint, weights_only=True)
    content["fc.0.weight"] = torch.zeros(256, 512)
    del content["fc.3.bias"]
    torch.save(content, checkpoint)
    told = alone("a checkpoint with a key missing and another shape", BYOL.format(checkpoint), "embed row")
    told["embed row"].line("fc.3.bias is missing", "fc.0.weight is float32 (256, 512) instead of float32 (512, 512)")


def test_a_pickle_that_runs_code_on_page(alone, checkpoint, tmp_path):
    with checkpoint.open("wb") as file:
        pickle.dump({"features.0.weight": RunsCode(tmp_path / "was-run")}, file, protocol=2)  # as torch writes
    told = alone("a checkpoint that would run code", BYOL.format(checkpoint), "embed row")
    told["embed row"].line("was not opened, for it could run code")
    assert not (tmp_path / "was-run").exists()


def test_a_checkpoint_cut_short_on_page(alone, checkpoint):
    raw = checkpoint.read_bytes()
    checkpoint.write_bytes(raw[: len(raw) // 2])
    alone("a checkpoint cut short", BYOL.format(checkpoint), "embed row")


def test_a_checkpoint_that_is_a_web_page_on_page(alone, checkpoint):
    checkpoint.write_text("<!DOCTYPE html><html><body>Sign in</body></html>\n")
    alone("a web page in place of a checkpoint", BYOL.format(checkpoint), "embed row")


# -- an embedder that cannot be made ----------------------------------------------------------------


MAKING = {
    "a class that is not there": ('{factory: "small_embedders:Loudnes"}', "embed row"),
    "a factory that is no class": ('{factory: "small_embedders:__doc__"}', "embed row"),
    "an argument that the class does not take": (
        '{factory: "small_embedders:Scaled", kwargs: {faktor: 2}}',
        "embed row",
    ),
    "a class that wants weights, without `weights`": ('{factory: "small_embedders:FromFile"}', "embed row"),
    "a library that is not installed": (
        '{factory: "small_embedders:Loudness", libraries: [no-such-dist]}',
        "table",
    ),
}


@pytest.mark.parametrize("kind", MAKING)
def test_making_on_page(alone, kind):
    alone(kind, *MAKING[kind])


@pytest.fixture
def module(tmp_path, monkeypatch):
    """`module(text)` writes a stranger's module `strange_model`; again to edit it."""
    folder = tmp_path / "strange"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(text):
        (folder / "strange_model.py").write_text(text)
        sys.modules.pop("strange_model", None)
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)

    yield write
    sys.modules.pop("strange_model", None)


MODEL = """\
import numpy as np


class Model:
    sample_rate = 8000
    dim = 2

    def embed(self, clips):
        return np.array([[clip.std(), np.diff(np.signbit(clip)).mean()] for clip in clips], np.float32)
"""
BROKEN = {
    "a module that imports what is not installed": (f"import no_such_library\n{MODEL}", "table"),
    "a module that imports a name that is not there": (f"from small_embedders import Lowdness\n{MODEL}", "embed row"),
    "a module with a syntax error": (f"{MODEL}    def\n", "embed row"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_module_on_page(alone, module, kind):
    text, by = BROKEN[kind]
    module(text)
    alone(kind, '{factory: "strange_model:Model"}', by)


def test_an_edited_module_on_page(rows, tell, on_page, module):
    module(MODEL)
    rows.run('{factory: "strange_model:Model"}')
    plans = {name: paths.plan(name).read_bytes() for name in ("row", "other")}
    shown = rows.table()
    module(MODEL.replace("clip.std()", "clip.max()"))
    assert tell("prepare").code == 0
    report = tell("report")
    on_page(SECTION, "a model edited since it was scored", rows.shown(), report.code, goes_on=True)
    assert paths.plan("row").read_bytes() != plans["row"]
    assert paths.plan("other").read_bytes() == plans["other"]
    assert rows.table()["other"] == shown["other"] | {key: rows.table()["other"][key] for key in ("rank",)}
    rows.run('{factory: "strange_model:Model"}')
    assert rows.table()["row"]["state"] == "scored"
    assert rows.table()["row"]["value"] != shown["row"]["value"]
