"""New rows in params.yaml: what was there stays byte for byte, and what cannot be done is refused whole."""

from __future__ import annotations

import threading

import pytest

from benchmark import params, params_rows, params_text, paths
from benchmark.errors import ParamsError
from benchmark.params import EmbedderEntry

TEXT = """\
# a comment
suites:   # odd   spaces
  - demo

embedders:
    # rows
    chance: {}   # a floor
    "tiny" : {factory: 'm:A',
        kwargs: {x: 1}}
    # the last row is above

probe:
    mode: none
"""
ENTRIES = {
    "plain": EmbedderEntry(),
    "mine": EmbedderEntry(
        hear="my_pkg.hear",
        weights="a b/ü.pt",
        libraries=["torch", "no"],
        kwargs={"layer": 3, "rate": 1e-05, "pool": "mean+std", "on": "true", "none": None, "deep": {"a": [1, "x"]}},
    ),
    "other": EmbedderEntry(factory="m:B"),
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RUNS", tmp_path / "runs")  # the lock stands there

    def write(text):
        (tmp_path / "params.yaml").write_bytes(text.encode())
        return tmp_path / "params.yaml"

    return write


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT.partition("\nprobe")[0].rstrip()])
def test_rows_are_added_and_nothing_else_changes(file, text):
    path = file(text)
    params_rows.add(ENTRIES, path)
    after = path.read_bytes().decode()
    kept = [line for line in after.splitlines() if line in text.splitlines()]
    assert kept == text.splitlines()
    assert after.count("\r\n") == (after.count("\n") if "\r" in text else 0)
    found = params.load(path).embedders
    assert list(found) == ["chance", "tiny", *ENTRIES]
    assert {name: found[name] for name in ENTRIES} == ENTRIES


def test_it_reads_like_written_by_hand(file):
    path = file("suites: [demo]\nembedders:\n  chance: {}\n")
    params_rows.add(
        {"crepe": EmbedderEntry(hear="a.b", kwargs={"min_seconds": 0.1}, libraries=["torch"])},
        path,
    )
    assert path.read_text().partition("chance: {}\n")[2] == (
        "  crepe:\n    hear: a.b\n    kwargs:\n      min_seconds: 0.1\n    libraries:\n      - torch\n"
    )


@pytest.mark.parametrize("rows", ["{chance: {}}", "\n  {chance: {}}"])
def test_a_file_that_cannot_be_added_to_is_left_alone(file, rows):
    text = f"suites: [demo]\nembedders: {rows}\n"
    path = file(text)
    with pytest.raises(ParamsError, match=r"cannot be added to here; .*Add by hand: other: \{\"factory\": \"m:B\"\}\."):
        params_rows.add({"other": ENTRIES["other"]}, path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chance", r"has a row 'chance' already\. Take another name"),
        ("My-Row", r"name 'My-Row': expected small letters.*; write 'my_row'\."),
        ("item", r"name 'item': expected .* none of \['item', 'key'\]"),
    ],
)
def test_names_that_cannot_be_taken(file, name, message):
    path = file(TEXT)
    with pytest.raises(ParamsError, match=message):
        params_rows.add({"fine": EmbedderEntry(), name: EmbedderEntry()}, path)
    assert path.read_bytes() == TEXT.encode()


def test_rows_added_at_once_are_all_there(file, monkeypatch):
    """A second command begins while the first is between reading and writing."""
    path = file(TEXT)
    began, others = threading.Event(), []
    write, insert = params_text.write_bytes, params_rows._inserted

    def slowly(where, content):
        if not others:
            others.append(threading.Thread(target=params_rows.add, args=({"second": EmbedderEntry()}, path)))
            others[0].start()
            began.wait(0.5)  # not set while the first command holds the file
        return write(where, content)

    def seen(text, rows):
        if "second" in rows:
            began.set()
        return insert(text, rows)

    monkeypatch.setattr(params_text, "write_bytes", slowly)
    monkeypatch.setattr(params_rows, "_inserted", seen)
    params_rows.add({"first": EmbedderEntry()}, path)
    others[0].join(timeout=30)
    assert list(params.load(path).embedders) == ["chance", "tiny", "first", "second"]


WRITERS = {
    "rows": lambda path: params_rows.add({"plain": EmbedderEntry()}, path),
    "suites": lambda path: params.set_suites(["music_mood"], path),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_link_stays_a_link(file, tmp_path, write):
    real = file(TEXT)
    link = tmp_path / "linked" / "params.yaml"
    link.parent.mkdir()
    link.symlink_to(real)
    write(link)
    assert link.is_symlink()
    assert params.load(link) == params.load(real)
    assert real.read_text() != TEXT


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_write_protected_file_is_left_alone(file, write):
    path = file(TEXT)
    path.chmod(0o444)
    with pytest.raises(ParamsError, match=r"params\.yaml is write-protected, .* Run: chmod u\+w params\.yaml\."):
        write(path)
    assert path.read_text() == TEXT
