"""Faults of an archive: each is told in one line, and nothing of it is built."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from benchmark import paths, registry
from tasks.base import Suite

CLIP = "wav/03a00Wa.wav"


def zipped(manual, members, change=lambda infos: None):
    """A zip with `members`; `change` may falsify what its list at the end says, by name."""
    path = manual / "download.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED)
        change({info.filename: info for info in archive.filelist})
    return path


def tarred(manual, members, *odd, suffix=".tar.gz"):
    """A tar with `members`, then the headers of `odd`, in place of the zip."""
    (manual / "download.zip").unlink()
    path = manual / f"download{suffix}"
    with tarfile.open(path, "w:gz" if suffix == ".tar.gz" else "w") as archive:
        for name, raw in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))
        for entry in odd:
            archive.addfile(entry)
    return path


def header(name, kind=tarfile.REGTYPE, target="", size=0):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, target, size
    return entry


def unpacked(manual, members):
    """The members as a folder in place of the zip."""
    (manual / "download.zip").unlink()
    for name, raw in members.items():
        (manual / "emoDB" / name).parent.mkdir(parents=True, exist_ok=True)
        (manual / "emoDB" / name).write_bytes(raw)
    return manual / "emoDB"


def cut(path, share):
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])


def is_instead(raw):
    return lambda manual, members: (manual / "download.zip").write_bytes(raw)


def with_member(name):
    return lambda manual, members: zipped(manual, {**members, name: members[CLIP]})


def with_tar_member(*arguments):
    return lambda manual, members: tarred(manual, members, header(*arguments))


def set_in_list(**fields):
    """Falsifies fields of one clip in the list at the zip's end."""

    def change(infos):
        for field, value in fields.items():
            setattr(infos[CLIP], field, value)

    return lambda manual, members: zipped(manual, members, change)


def encrypted(manual, members):
    def change(infos):
        for info in infos.values():
            info.flag_bits |= 1

    path = zipped(manual, members, change)
    path.write_bytes(path.read_bytes().replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0"))  # the members' own headers


def linked_in_zip(manual, members):
    def change(infos):
        infos[CLIP].external_attr = 0o120777 << 16

    zipped(manual, {**members, CLIP: b"/etc/passwd"}, change)


def overlapping(manual, members):
    def change(infos):
        infos["wav/03a00Wb.wav"].header_offset = infos[CLIP].header_offset

    zipped(manual, members, change)


def cut_between_members(manual, members):
    path = tarred(manual, members, suffix=".tar")
    with tarfile.open(path) as archive:
        start = archive.getmembers()[40].offset
    path.write_bytes(path.read_bytes()[:start])


def bomb_of_many(manual, members):
    """Each member is small enough; all of them make 12 GiB."""

    def change(infos):
        for info in infos.values():
            info.file_size = 2**30 // 6

    zipped(manual, members, change)


def bomb_in_tar(manual, members):
    """A true one: 1.25 GiB of zeros in a megabyte; its first header says so."""
    (manual / "download.zip").unlink()
    zeros = gzip.compress(bytes(2**26), 9, mtime=0)
    start = gzip.compress(header("readme.txt", size=20 * 2**26).tobuf(), mtime=0)
    (manual / "download.tar.gz").write_bytes(start + 20 * zeros)


def name_of_a_gibibyte(manual, members):
    long = header("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=2**30).tobuf()
    (manual / "download.zip").unlink()
    (manual / "download.tar.gz").write_bytes(gzip.compress(long, mtime=0) + gzip.compress(bytes(2**20), mtime=0))


def backwards(manual, members):
    """A size below 0, with which tarfile itself never ends."""
    tarred(manual, members, suffix=".tar")
    block = bytearray(header("wav/x.wav").tobuf())
    block[124:136] = (2**96 - 512).to_bytes(12, "big")  # base 256, two's complement
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (manual / "download.tar").write_bytes(bytes(block) + (manual / "download.tar").read_bytes())


def flipped(manual, members, name="download.zip"):
    raw = bytearray((manual / name).read_bytes())
    start = raw.index(CLIP.encode()) + len(CLIP)
    raw[start + 1000] ^= 1  # past a tar's header of 512 bytes, in the samples
    (manual / name).write_bytes(bytes(raw))


def flipped_in_tar_gz(manual, members):
    path = tarred(manual, members)
    stored = io.BytesIO()
    with gzip.GzipFile(fileobj=stored, mode="wb", compresslevel=0, mtime=0) as file:
        file.write(gzip.decompress(path.read_bytes()))
    path.write_bytes(stored.getvalue())
    flipped(manual, members, path.name)


def twice_in_zip(manual, members):
    with zipfile.ZipFile(manual / "download.zip", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(CLIP, members["wav/03a01La.wav"])


def dangling(manual, members):
    (unpacked(manual, members) / CLIP).unlink()
    (manual / "emoDB" / CLIP).symlink_to("../elsewhere/03a00Wa.wav")


def linked_folder(manual, members):
    (unpacked(manual, members) / "more").symlink_to("../elsewhere")
    (manual / "elsewhere").mkdir()


def renamed(manual, members):
    zipped(manual, {f"wav/clip{number}.wav": raw for number, raw in enumerate(members.values())})


def of_speakers(manual, members):
    zipped(manual, {name: raw for name, raw in members.items() if name[4:6] in ("03", "08")})


def other_corpus(manual, members):
    zipped(manual, {f"EMOVO/f1/dis-f1-b{n}.wav": raw for n, raw in enumerate(members.values())})


def empty_folder(manual, members):
    (manual / "download.zip").unlink()
    (manual / "emoDB").mkdir()


# what is wrong -> (how to make it, what its line must hold)
FAULTS = {
    "a zip cut short": (lambda m, c: cut(zipped(m, c), 0.5), "a zip whose end"),
    "a tar.gz cut short": (lambda m, c: cut(tarred(m, c), 0.5), "cut short: get it again"),
    "a tar cut within a clip": (lambda m, c: cut(tarred(m, c, suffix=".tar"), 0.5), "cut short: get it again"),
    "a tar cut between two clips": (cut_between_members, "no end mark"),
    "a web page saved as download.zip": (is_instead(b"<!DOCTYPE html><p>Log in first"), "a web page"),
    "a RAR archive named download.zip": (is_instead(b"Rar!\x1a\x07\x01\0"), "a RAR archive"),
    "random bytes named download.zip": (is_instead(bytes(range(200, 256)) * 20), "no archive"),
    "an empty file": (is_instead(b""), "an empty file"),
    "a zip with nothing in it": (lambda m, c: zipped(m, {}), "0 audio files among 0 members"),
    "a compressed file that is no tar": (is_instead(gzip.compress(b"notes " * 500, mtime=0)), "holds no tar"),
    "a zip with a password": (encrypted, "70 encrypted members"),
    "a zip packed by Deflate64": (set_in_list(compress_type=9), "method 9 (Deflate64)"),
    "a member named `../x.wav` in a zip": (with_member("../x.wav"), "'../x.wav'"),
    "a member named `/etc/x.wav` in a zip": (with_member("/etc/x.wav"), "'/etc/x.wav'"),
    "a member named `C:/x.wav` in a zip": (with_member("C:/x.wav"), "'C:/x.wav'"),
    "a member named `..\\x.wav` in a zip": (with_member("..\\x.wav"), r"'..\\x.wav'"),
    "a member named `wav/../../x.wav` in a tar": (with_tar_member("wav/../../x.wav"), "'wav/../../x.wav'"),
    "a clip that is a symbolic link, in a zip": (linked_in_zip, "a symbolic link"),
    "a clip that is a symbolic link, in a tar": (
        with_tar_member("wav/x.wav", tarfile.SYMTYPE, "/etc/passwd"),
        "a symbolic link to '/etc/passwd'",
    ),
    "a clip that is a hard link, in a tar": (with_tar_member("wav/x.wav", tarfile.LNKTYPE, CLIP), "a hard link to"),
    "a clip that is a device, in a tar": (with_tar_member("wav/x.wav", tarfile.CHRTYPE), "a device or pipe"),
    "a clip that is a link to nothing, in a folder": (dangling, "which is not there"),
    "a folder that is a link to elsewhere": (linked_folder, "a link to the folder '../elsewhere'"),
    "a clip of 3 GiB by its header": (set_in_list(file_size=3 * 2**30), "of 3.0 GiB"),
    "a zip that unpacks to 12 GiB": (bomb_of_many, "GiB or more packed into 0.1 MiB"),
    "a tar.gz of zeros, a thousand times its size": (bomb_in_tar, "1.2 GiB or more packed into 1.2 MiB"),
    "a tar with a name of 1 GiB": (name_of_a_gibibyte, "a name or note of 1073741824 bytes"),
    "a tar with a member of -512 bytes": (backwards, "of -512 bytes"),
    "two members of a zip in the same bytes": (overlapping, "in the same bytes"),
    "a clip with a wrong checksum, in a zip": (flipped, "checksum"),
    "a changed bit in a tar.gz": (flipped_in_tar_gz, "checksum"),
    "a clip shorter than its header says, in a zip": (set_in_list(file_size=10**6), "1000000 that its header says"),
    "two members of one name in a zip": (twice_in_zip, f"two members of the one name '{CLIP}'"),
    "one clip in two encodings": (with_member("wav/03a00Wa.flac"), "twice"),
    "the archive of another corpus": (other_corpus, "'EMOVO/f1/dis-f1-b0.wav', of which 0 are named as in emodb"),
    "clips of other names": (renamed, "of which 0 are named"),
    "no audio at all": (lambda m, c: zipped(m, {"readme.txt": b"x"}), "0 audio files among 1 members"),
    "two speakers, of ten": (of_speakers, "too few for the parts"),
    "an unpacked folder with nothing in it": (empty_folder, "is an empty folder"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_on_page(here, manual, small_members, tell, on_page, kind):
    make, fragment = FAULTS[kind]
    make(manual, small_members)
    told = tell("prepare")
    line = told.line("prepare: dataset emodb:")
    assert fragment in line
    assert "expected" in line
    on_page("Archives", kind, line, told.code)
    assert told.code == 2
    assert not list(paths.MANIFESTS.iterdir())


def test_too_few_clips_on_page(here, manual, small_members, tell, on_page):
    """Five speakers are enough for parts; two clips of each, in one emotion, are too few for the task."""
    zipped(manual, {name: raw for name, raw in small_members.items() if "a00W" in name})
    assert [tell(command).code for command in ("prepare", "embed")] == [0, 0]
    told = tell("evaluate")
    on_page("Archives", "two clips of each speaker, all in anger", told.line("evaluate row: not run"), told.code)
    assert told.code == 2


TABLES = {
    "a table that is not UTF-8": ("data.csv", lambda raw: "é".encode("latin-1") + raw, "0xe9 at 0, which is no UTF-8"),
    "a table without its columns": ("data.csv", lambda raw: b"a,b\n1,2\n", "found the columns ['a', 'b']"),
    "a table with a wrong value": ("data.csv", lambda raw: raw.replace(b"rock", b"jazz", 1), "genre 'jazz'"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_on_page(here, manual, tell, on_page, pack, monkeypatch, kind):
    monkeypatch.setattr(
        registry, "suites", lambda: {"one": Suite(name="one", title="One", version=1, tasks=("emotify_genre",))}
    )
    name, change, fragment = TABLES[kind]
    with zipfile.ZipFile(paths.BUILDERS / "emotify" / "dummy_data" / "emotifymusic.zip") as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    (table,) = [entry for entry in members if entry.endswith(f"/{name}")]
    raw = members.pop(table)
    if change is not None:
        assert change(raw) != raw
        members[table] = change(raw)
    pack(manual / "emotifymusic.zip", members)
    told = tell("prepare")
    line = told.line("prepare: dataset emotify:", "found")
    assert fragment in line
    on_page("Archives", kind, line, told.code)
    assert told.code == 2
