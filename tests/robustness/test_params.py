"""Mistakes in params.yaml and on the command line: one line each, and nothing is written."""

from __future__ import annotations

import time

import pytest

from benchmark import paths

ROW = 'row: {factory: "small_embedders:Loudness"}'
WRONG = {
    "a key twice": ("probe:\n", "probe: {}\nprobe:\n"),
    "a list where a map is due": ("embedders:\n  row: {", "embedders:\n  - row: {"),
    "a list of names where a map is due": (f"embedders:\n  {ROW}", "embedders: [row]"),
    "a misspelt key": ("probe:", "prob:"),
    "a misspelt key of a row": ("factory:", "factroy:"),
    "a misspelt key of the probe": ("mode:", "mod:"),
    "a quote that is not closed": ('Loudness"', "Loudness"),
    "a reserved name": ("row:", "item:"),
    "a row without a value": (ROW, "row:"),
    "a row with both `like` and `factory`": ("{factory:", "{like: logmel_stats, factory:"),
    "a tab": ("\n  - one", "\n\t- one"),
    "a YAML tag that would run code": (ROW, "row: {kwargs: {x: !!python/object/apply:os.getcwd []}}"),
    "an alias inside of what it names": (ROW, "row: {kwargs: &k {x: [*k]}}"),
    "an embedder called `../../x`": ("row:", "'../../x':"),
    "an embedder without a name": ("row:", '"":'),
    "an embedder called `My-Model`": ("row:", "My-Model:"),
    "an unknown embedder": (ROW, "byol_s_521: {}"),
    "an unknown embedder after `like`": (ROW, "row: {like: logmel_stat}"),
    "an unknown head": ("svc", "svm"),
    "an unknown mode": ("none", "nnone"),
    "an unknown suite": ("- one", "- onne"),
    "a factory in a module that is not there": ("small_embedders:", "small_embeders:"),
    "a factory without a colon": ("small_embedders:Loudness", "small_embedders.Loudness"),
    "a head twice": ("svc", "lda"),
    "`embedders` missing": (f"embedders:\n  {ROW}\n", ""),
    "`embedders` without a row": (f"embedders:\n  {ROW}", "embedders: {}"),
    "`heads` as text": ("heads:\n    - lda\n    - svc", "heads: lda"),
    "`kwargs` with a number that is none": ("{factory:", "{kwargs: {x: .nan}, factory:"),
    "`level` as text": ("mode: none", 'level: "0.95"'),
    "`level` in percent": ("mode: none", "level: 95"),
    "`libraries` with a version": ("{factory:", '{libraries: ["torch>=2"], factory:'),
    "`seed` below zero": ("mode: none", "seed: -1"),
    "`suites` as text": ("suites:\n  - one", "suites: one"),
    "`version` of a newer moodbench": ("suites:", "version: 2\nnew_key: {}\nsuites:"),
    "`version` as text": ("suites:", 'version: "1"\nsuites:'),
}
FILES = {
    "a file that is empty": b"",
    "a file that is not UTF-8": "suites: [één]\n".encode("latin-1"),
    "a file that is text only": b"one\n",
    "a file with a zero byte": b"suites: [one]\x00\n",
    "brackets without end": b"suites: " + b"[" * 1000,
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """`report` writes its pages and prints no table."""
    monkeypatch.setenv("MOODBENCH_QUIET", "1")


@pytest.fixture
def refused(here, tell, on_page):
    """`refused(kind)`: `prepare` says so in one line, and has written nothing."""

    def check(kind):
        told = tell("prepare")
        line = told.line("error:")
        assert told.lines == [line]
        assert told.code == 2
        on_page("params.yaml", kind, line, told.code)
        assert {path.name for path in here.iterdir()} <= {paths.PARAMS.name}

    return check


@pytest.mark.parametrize("kind", WRONG)
def test_on_page(refused, kind):
    text = paths.PARAMS.read_text()
    old, new = WRONG[kind]
    assert old in text
    wrong = text.replace(old, new, 1)
    paths.PARAMS.write_text(wrong)
    refused(kind)
    assert paths.PARAMS.read_text() == wrong, "nobody's file is rewritten"


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_none_on_page(refused, kind):
    paths.PARAMS.write_bytes(FILES[kind])
    refused(kind)
    assert paths.PARAMS.read_bytes() == FILES[kind]


def test_no_file_on_page(refused):
    paths.PARAMS.unlink()
    refused("no file")


def test_a_folder_on_page(refused):
    paths.PARAMS.unlink()
    paths.PARAMS.mkdir()
    refused("a folder in its place")


def test_aliases_of_aliases_on_page(refused):
    """A few lines that would fill the memory once written out."""
    text, last = "a0: &a0 [1]\n", "a0"
    for level in range(1, 13):
        text += f"a{level}: &a{level} [{', '.join([f'*{last}'] * 10)}]\n"
        last = f"a{level}"
    paths.PARAMS.write_text(text + paths.PARAMS.read_text())
    begun = time.monotonic()
    refused("aliases of aliases (a YAML bomb)")
    assert time.monotonic() - begun < 5


COMMANDS = {
    "an embedder that is not in params.yaml": ("embed", "rwo"),
    "a cell of an embedder without cells": ("show", "rwo/emodb"),
    "a cell of an unknown task": ("show", "row/emodbb"),
    "a cell that is not there": ("show", "row/emovo"),
    "a cell without a task": ("show", "row"),
    "a suite that is not there": ("use", "onne"),
    "something that cannot be listed": ("list", "nothing"),
    "a device that is none": ("embed", "row", "--device", "gpu"),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_on_page(scored, tell, on_page, kind):
    before = {file: file.read_bytes() for file in scored.rglob("*") if file.is_file()}
    command = COMMANDS[kind]
    told = tell(*command)
    assert told.code == 2
    line = " ".join(line.strip("│ ") for line in told.lines if line.startswith(("│", "error:")))
    on_page("Command line", f"{kind}: moodbench {' '.join(command)}", line, told.code)
    assert {file: file.read_bytes() for file in scored.rglob("*") if file.is_file()} == before


def test_use_that_cannot_rewrite_on_page(here, tell, on_page):
    text = paths.PARAMS.read_text().replace("suites:\n  - one", "suites: &mine [one, one]")
    paths.PARAMS.write_text(text)
    told = tell("use", "one")
    on_page("Command line", "suites that are no plain list: moodbench use one", told.line("error:"), told.code)
    assert paths.PARAMS.read_text() == text
