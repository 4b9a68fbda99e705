"""`moodbench data fetch` against a web server on this machine: whole, cut and gone on with, wrong, closed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import urllib.parse
from importlib import import_module

import pytest

from benchmark import datasets, fetch, paths, registry
from benchmark.download import download
from benchmark.errors import DatasetError, UnknownNameError
from embedders.missing import OFFLINE
from tfds_builders.common.source import stem_of


@pytest.fixture
def server(fakes):
    running = import_module("web").Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv(OFFLINE, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def empty(manual, server, cache, monkeypatch):
    """The manual folder without the tiny corpus, which `server` has at the address that its builder says."""
    archive = manual / "download.zip"
    server.files["/emodb"] = archive.read_bytes()
    archive.unlink()
    kind = registry.dataset_builder("emodb")
    monkeypatch.setattr(kind, "DOWNLOADS", {"download.zip": f"{server.address}/emodb"})
    return manual


@pytest.fixture
def published(empty, server, tmp_path, monkeypatch):
    """`published(content)` writes the checksums.tsv of the tiny corpus, in a clone of its builder."""
    root = tmp_path / "clone"
    for name in ("common", "emodb"):
        shutil.copytree(paths.BUILDERS / name, root / "tfds_builders" / name)
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(paths, "BUILDERS", root / "tfds_builders")

    def write(content):
        row = (f"{server.address}/emodb", str(len(content)), hashlib.sha256(content).hexdigest(), "download.zip")
        (paths.BUILDERS / "emodb" / "checksums.tsv").write_text("\t".join(row) + "\n")

    return write


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


# -- whole ----------------------------------------------------------------------------------------


def test_a_corpus_is_fetched_once_and_can_be_built(empty, server, tell):
    content = server.files["/emodb"]
    told = tell("data", "fetch", "emodb")
    assert told.code == 0
    line = told.line("download.zip: ", f"{len(content):,} bytes", hashlib.sha256(content).hexdigest())
    assert line.endswith("which no published one could be compared with")
    assert told.line("all of it is in", "Next: moodbench data prepare emodb")
    assert (empty / "download.zip").read_bytes() == content
    assert names(empty) == ["download.zip"]
    assert fetch.run(["emodb"]) == 0
    assert server.asked == [("/emodb", None)]
    assert len(datasets.base_manifest("emodb").clips) == 70


def test_the_folder_is_made(empty, tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path / "new"))
    assert fetch.run(["emodb"]) == 0
    assert names(tmp_path / "new" / "manual") == ["download.zip"]


def test_a_published_sha256_is_compared(empty, published, server, tell):
    published(server.files["/emodb"])
    told = tell("data", "fetch", "emodb")
    assert told.code == 0
    assert told.line("download.zip: ").endswith(", as published")


# -- cut ------------------------------------------------------------------------------------------


def test_a_cut_fetch_goes_on_where_it_stopped(empty, published, server, tell):
    content = server.files["/emodb"]
    published(content)
    server.cut.add("/emodb")
    told = tell("data", "fetch", "emodb")
    assert told.code == 1
    (line,) = told.lines[1:]
    assert f"the connection ended after {server.CUT} of {len(content)} bytes" in line
    assert line.endswith(f"{server.CUT:,} bytes are kept in {empty / 'download.zip.partial'}; run again to go on.")
    assert names(empty) == ["download.zip.partial", "download.zip.partial.json"]
    assert (empty / "download.zip.partial").read_bytes() == content[: server.CUT]
    server.cut.clear()
    assert tell("data", "fetch", "emodb").line("download.zip: ").endswith("as published")
    assert server.asked == [("/emodb", None), ("/emodb", f"bytes={server.CUT}-")]
    assert (empty / "download.zip").read_bytes() == content
    assert names(empty) == ["download.zip"]


def test_a_file_that_changed_meanwhile_is_begun_anew(empty, server, small_members, pack, tmp_path):
    server.cut.add("/emodb")
    assert fetch.run(["emodb"]) == 1
    pack(tmp_path / "other.zip", dict(list(small_members.items())[:40]))
    server.files["/emodb"] = (tmp_path / "other.zip").read_bytes()
    server.cut.clear()
    assert fetch.run(["emodb"]) == 0
    assert server.asked[1] == ("/emodb", f"bytes={server.CUT}-")
    assert (empty / "download.zip").read_bytes() == server.files["/emodb"]


def test_a_server_that_tells_no_version_is_asked_for_the_whole_again(empty, server, tell):
    server.plain.add("/emodb")
    server.cut.add("/emodb")
    assert tell("data", "fetch", "emodb").line("failed", "Nothing was kept; run again later, or put download.zip")
    assert names(empty) == []
    server.cut.clear()
    assert fetch.run(["emodb"]) == 0
    assert server.asked == [("/emodb", None)] * 2
    assert (empty / "download.zip").read_bytes() == server.files["/emodb"]


def test_a_server_without_ranges_gives_the_whole_again(empty, server):
    server.cut.add("/emodb")
    assert fetch.run(["emodb"]) == 1
    server.cut.clear()
    server.plain.add("/emodb")  # from now on
    assert fetch.run(["emodb"]) == 0
    assert server.asked[1] == ("/emodb", f"bytes={server.CUT}-")
    assert (empty / "download.zip").read_bytes() == server.files["/emodb"]


def test_a_run_killed_before_the_last_step_asks_nobody(empty, server):
    content = server.files["/emodb"]
    (empty / "download.zip.partial").write_bytes(content)
    note = {"url": f"{server.address}/emodb", "mark": '"any"', "total": len(content)}
    (empty / "download.zip.partial.json").write_text(json.dumps(note))
    assert fetch.run(["emodb"]) == 0
    assert server.asked == []
    assert (empty / "download.zip").read_bytes() == content
    assert names(empty) == ["download.zip"]


@pytest.mark.parametrize(
    "note",
    [
        None,
        "no json",
        {"url": "http://elsewhere/emodb", "mark": '"any"', "total": None},
        {"url": "here", "mark": "", "total": None},
        {"url": "here", "mark": '"any"', "total": 3},
        {"url": "here", "mark": "of this file", "total": None},
    ],
    ids=["none", "damaged", "of another address", "of no version", "of a shorter file", "longer than the file"],
)
def test_a_partial_file_that_is_no_beginning_is_begun_anew(empty, server, tmp_path, note):
    partial = tmp_path / "a.partial"
    content = server.files["/emodb"]
    partial.write_bytes(bytes(len(content) + 1))
    if isinstance(note, dict):
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        url = {"here": f"{server.address}/emodb"}.get(note["url"], note["url"])
        note = json.dumps({**note, "url": url, "mark": tag if note["mark"] == "of this file" else note["mark"]})
    if note is not None:
        (tmp_path / "a.partial.json").write_text(note)
    digest = hashlib.sha256()
    download(f"{server.address}/emodb", partial, digests=[digest], seconds=5, resume=True)
    assert partial.read_bytes() == content
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()


# -- wrong ----------------------------------------------------------------------------------------


def test_another_file_is_one_error_and_not_kept(empty, published, server, tell):
    published(b"the file that was published")
    content = server.files["/emodb"]
    told = tell("data", "fetch", "emodb")
    assert told.code == 1
    (line,) = told.lines[1:]
    assert f"answered {len(content):,} bytes with sha256 {hashlib.sha256(content).hexdigest()}, expected " in line
    assert hashlib.sha256(b"the file that was published").hexdigest() in line
    assert "and 27 bytes. Nothing was kept." in line
    assert names(empty) == []


@pytest.mark.parametrize(
    ("path", "content", "fragment"),
    [
        ("/none", None, "HTTP Error 404: Not Found). Nothing was kept; run again later, or put download.zip into "),
        ("/away", None, "file"),
        ("/page", b"\n<!DOCTYPE html><title>Log in</title>", "answered a web page, expected download.zip. Nothing was"),
        ("/text", b"no such record", r"answered 14 bytes that begin with b'no such reco', expected download.zip"),
        ("/empty", b"", "answered 0 bytes that begin with b'', expected download.zip"),
    ],
)
def test_what_is_no_archive_is_refused(empty, server, tell, monkeypatch, path, content, fragment):
    if content is not None:
        server.files[path] = content
    monkeypatch.setattr(registry.dataset_builder("emodb"), "DOWNLOADS", {"download.zip": server.address + path})
    told = tell("data", "fetch", "emodb")
    assert told.code == 1
    (line,) = told.lines[1:]
    assert line.startswith("emodb: ")
    assert fragment in line
    assert names(empty) == []


def test_a_server_that_is_not_there(empty, server, tell):
    server.http.shutdown()
    server.http.server_close()
    assert "failed ([Errno 111] Connection refused)" in tell("data", "fetch", "emodb").line("emodb: fetching ")


def test_addresses_that_are_no_web_addresses_are_refused(empty, tmp_path, tell, monkeypatch):
    monkeypatch.setattr(registry.dataset_builder("emodb"), "DOWNLOADS", {"download.zip": tmp_path.as_uri()})
    assert tell("data", "fetch", "emodb").line("expected http or https. Correct its builder.")


@pytest.mark.parametrize("text", ["http://a\tmany\tabc\tfile\n", "http://a 12 abc file\n"])
def test_a_damaged_list_of_checksums_is_told(empty, published, tell, text):
    (paths.BUILDERS / "emodb" / "checksums.tsv").write_text(text)
    assert tell("data", "fetch", "emodb").line("emodb/checksums.tsv cannot be read", "separated by tabs")


def test_offline_asks_nobody(empty, server, tell, monkeypatch):
    monkeypatch.setenv(OFFLINE, "1")
    told = tell("data", "fetch", "emodb", "cafe")
    assert told.code == 2
    assert told.lines == [
        f"error: {OFFLINE}=1 forbids to fetch {server.address}/emodb. Unset it, or put download.zip into {empty}."
    ]
    assert server.asked == []


# -- several files, and closed corpora ------------------------------------------------------------


def test_only_the_table_that_is_missing_is_fetched_beside_its_archive(server, manual, cache, tmp_path, monkeypatch):
    """The archive lies in the second of the folders that are searched."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    second = tmp_path / "tfds" / "downloads" / "manual"
    second.mkdir(parents=True)
    shutil.copy(paths.BUILDERS / "magnatagatune" / "dummy_data" / "mp3.zip", second)
    table = paths.BUILDERS / "magnatagatune" / "dummy_data" / "annotations_final.csv"
    server.files["/annotations_final.csv"] = table.read_bytes()
    kind = registry.dataset_builder("magnatagatune")
    monkeypatch.setattr(kind, "DOWNLOADS", {name: f"{server.address}/{name}" for name in kind.DOWNLOADS})
    assert fetch.run(["magnatagatune"]) == 0
    assert server.asked == [("/annotations_final.csv", None)]
    assert names(second) == ["annotations_final.csv", "mp3.zip"]


def test_pieces_are_fetched_once_and_what_is_left_to_do_is_told(server, manual, cache, tell, monkeypatch):
    kind = registry.dataset_builder("magnatagatune")
    monkeypatch.setattr(kind, "DOWNLOADS", {name: f"{server.address}/{name}" for name in kind.DOWNLOADS})
    server.files.update({f"/{name}": name.encode() for name in kind.DOWNLOADS})
    for _ in range(2):
        told = tell("data", "fetch", "magnatagatune")
        assert told.code == 1
        line = told.line("archive missing: magnatagatune needs mp3.zip; all that can be fetched for you is in")
        assert "join the first three with 'cat " in line
    assert len(server.asked) == len(kind.DOWNLOADS) == 4
    assert set(kind.DOWNLOADS) < set(names(manual))


def test_a_closed_corpus_is_told_in_one_line(server, manual, cache, tell):
    told = tell("data", "fetch", "iemocap", "emodb")
    assert told.code == 1
    line = told.lines[0]
    assert line.startswith("iemocap: its files are not fetched for you (access: restricted). Ask for access ")
    assert "IEMOCAP_full_release.tar.gz" in line
    assert line.endswith(f"The manual folder is {manual}.")
    assert told.lines[1:] == ["emodb: nothing is missing. Next: moodbench data prepare emodb"]


@pytest.mark.parametrize("name", ["emodbb", "mtg_jamendo/mood9"])
def test_an_unknown_name_stops_before_anything_is_fetched(empty, server, name):
    with pytest.raises(UnknownNameError):
        fetch.run(["emodb", name])
    assert server.asked == []


@pytest.mark.parametrize("name", registry.datasets())
def test_what_builders_say_of_downloads(name, cache):
    """Every file is the archive, a file beside it or a piece of it; every published sha256 belongs to an address."""
    facts = datasets.builder_facts(name)
    spelt = {stem_of(each) for each in (*facts["archives"], *(n for b in facts["beside"] for n in b["names"]))}
    for file in fetch.downloads(name):
        assert stem_of(file.name) in spelt or file.name.rpartition(".")[0] in facts["archives"], file.name
        parts = urllib.parse.urlsplit(file.url)
        assert parts.scheme in ("http", "https")
        assert parts.hostname
        assert not parts.fragment
        assert bool(file.bytes) == bool(re.fullmatch("[0-9a-f]{64}", file.sha256)), file.name
    listed = (paths.BUILDERS / name / "checksums.tsv").read_text().splitlines()
    assert {line.split("\t")[0] for line in listed} <= set(facts["downloads"].values())


def test_the_error_of_a_list_of_checksums_names_it(tmp_path):
    with pytest.raises(DatasetError, match=r"checksums\.tsv cannot be read"):
        fetch._checksums(tmp_path / "checksums.tsv")
