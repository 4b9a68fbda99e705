"""Odd names of clips and groups: kept as they are and escaped where they are shown, or refused in one line."""

from __future__ import annotations

import io
import json
import tarfile
import unicodedata
from pathlib import PurePosixPath

import pyarrow.parquet
import pytest

from benchmark import paths, registry
from benchmark.progress import say
from tfds_builders.emodb.emodb_dataset_builder import Builder

SPEAKERS = {"03": "<script>alert(1)</script>", "08": '"08"', "09": "-9", "10": "=1+1", "11": "\N{GRINNING FACE} |`*_"}

ACCEPTED = {
    "quotes": 'wav/it\'s "so".wav',
    "`<script>alert(1)</script>`": "wav/<script>alert(1)</script>.wav",
    "300 characters": f"wav/{'n' * 300}.wav",
    "letters outside of ASCII": "wav/Ärger über Größe.wav",
    "such letters decomposed, as macOS writes them": unicodedata.normalize("NFD", "wav/Müdigkeit.wav"),
    "a '-' in front": "wav/-rf.wav",
    "a '=' in front": "wav/=1+1.wav",
    "an emoji": "wav/\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}.wav",
    "a change of direction": "wav/\N{RIGHT-TO-LEFT OVERRIDE}vaw.wav",
    "blanks, commas, ':', '#' and '%20'": "wav/a,  b: c #1%20.wav",
    "Markdown": "wav/[a](b) *c* `d` _e_.wav",
    "1024 bytes": f"wav/{'é' * 508}.wav",
}
REFUSED = {
    "a line break": ("wav/a\nb.wav", r"'wav/a\nb.wav'"),
    "a tab": ("wav/a\tb.wav", r"'wav/a\tb.wav'"),
    "a colour code of the terminal": ("wav/\x1b[31m.wav", r"'wav/\x1b[31m.wav'"),
    "a line separator of Unicode": ("wav/a\N{LINE SEPARATOR}b.wav", r"'wav/a\u2028b.wav'"),
    "1025 bytes": (f"wav/x{'é' * 508}.wav", "of 1025 bytes; expected at most 1024"),
    "bytes that are no UTF-8, in a tar": ("wav/\udcff.wav", r"'wav/\udcff.wav'"),
}


def clip_id(member):
    """What the builder is to make of a member's name: its last two components, letters composed."""
    return "/".join(unicodedata.normalize("NFC", member).split("/")[-2:])


@pytest.fixture
def named(here, manual, small_members, monkeypatch):
    """`named(names)` packs the tiny corpus with its first clips renamed, for a builder that accepts any name."""

    def rename(names):
        members, fields = {}, {}
        for place, (official, raw) in enumerate(small_members.items()):
            name = names[place] if place < len(names) else official
            known = Builder.parse(None, PurePosixPath(official))
            members[name] = raw
            fields[clip_id(name)] = {**known, "speaker_id": SPEAKERS[known["speaker_id"]]}
        (manual / "download.zip").unlink()
        with tarfile.open(manual / "download.tar", "w") as archive:  # it keeps any name, a zip cuts some
            for name, raw in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(raw)
                archive.addfile(entry, io.BytesIO(raw))

        class Named(Builder, skip_registration=True):
            name = "emodb"

            def parse(self, path):
                return fields.get(path.as_posix())

        monkeypatch.setattr(registry, "dataset_builder", lambda name: Named)
        return {clip: row["speaker_id"] for clip, row in fields.items()}

    return rename


def test_accepted_on_page(named, tell, on_page, monkeypatch):
    """All of them in one corpus, through all stages, beside groups of odd names."""
    monkeypatch.setenv("MOODBENCH_QUIET", "1")  # writes the leaderboard without printing it
    speakers = named(list(ACCEPTED.values()))
    for command in (["prepare"], ["embed"], ["evaluate"], ["report"], ["show", "row/emodb"]):
        told = tell(*command)
        assert told.code == 0, (command, told.lines)
    listed = json.loads((paths.MANIFESTS / "emodb.json").read_text(encoding="utf-8"))["clips"]
    (file,) = paths.CELLS.rglob("*.parquet")
    predicted = pyarrow.parquet.read_table(file)
    scored = dict(zip(predicted["clip_id"].to_pylist(), predicted["group"].to_pylist(), strict=True))
    assert {clip["id"]: clip["features"]["speaker_id"] for clip in listed} == speakers == scored
    for page in paths.LEADERBOARD.rglob("*.*"):
        assert b"<script>alert" not in page.read_bytes(), page.name
    for kind, name in ACCEPTED.items():
        assert clip_id(name) in scored
        letters = " with its letters composed" if not unicodedata.is_normalized("NFC", name) else ""
        line = f"accepted: prepared, embedded, scored and reported; manifest and predictions hold the name{letters}"
        on_page("File names", kind, line, 0)


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_on_page(named, tell, on_page, kind):
    name, shown = REFUSED[kind]
    named([name])
    told = tell("prepare")
    line = told.line("prepare: dataset emodb: download.tar is refused: found the clip name", "Rename the file")
    assert shown in line
    assert line.isprintable()
    on_page("File names", kind, line, told.code)
    assert told.code == 2
    assert not list(paths.MANIFESTS.iterdir())


def test_one_name_in_two_spellings_on_page(named, tell, on_page):
    named(["wav/\N{LATIN SMALL LETTER U WITH DIAERESIS}.wav", "wav/u\N{COMBINING DIAERESIS}.wav"])
    told = tell("prepare")
    line = told.line("prepare: dataset emodb: download.tar: found the clip 'wav/ü' twice")
    assert r"'wav/\xfc.wav' and 'wav/u\u0308.wav'" in line
    on_page("File names", "one name with composed and with decomposed letters", line, told.code)
    assert told.code == 2


def test_no_message_breaks_its_line_or_colours_it(capfd):
    say("a\nb\tc \x1b[31md\u2028e :x: [red]f[/red]  g")
    assert capfd.readouterr().err == "a b c [31md e :x: [red]f[/red]  g\n"
