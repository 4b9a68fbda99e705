"""`moodbench data fetch`: corpora that anyone may download, into the manual folder; of the others, how to get them."""

from __future__ import annotations

import csv
import hashlib
import tarfile
import urllib.parse
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

from benchmark import datasets, paths, registry
from benchmark.download import Told, download, kept_of, note_of
from benchmark.errors import BenchmarkError, DatasetError, Unavailable
from benchmark.files import LOCK_SECONDS, held, make_folder
from benchmark.progress import console, say
from embedders.missing import OFFLINE, is_offline

TIMEOUT_SECONDS = 60.0  # to connect, and for each read: some servers pack an archive when they are asked
_PAGES = (b"<!doctype", b"<html")


@dataclass(frozen=True)
class Download:
    """A file to fetch; `bytes` and `sha256` where the builder's checksums.tsv has them."""

    name: str
    url: str
    bytes: int | None = None
    sha256: str = ""


def downloads(dataset: str) -> list[Download]:
    """The files of a dataset that anyone may download, by its builder.

    Raises:
        DatasetError: a line of its checksums.tsv cannot be read.
    """
    rows: dict[str, str] = datasets.builder_facts(dataset)["downloads"]
    table = paths.BUILDERS / registry.split_name(dataset)[0] / "checksums.tsv"
    known = _checksums(table) if rows else {}
    return [Download(name, url, *known.get(url, (None, ""))) for name, url in rows.items()]


def run(names: Iterable[str]) -> int:
    """Fetch what is missing of datasets; 1 when one is not whole afterwards, each with what is left to do.

    Raises:
        BenchmarkError: a name is not known, or nothing may be fetched (`MOODBENCH_OFFLINE`).
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        datasets.builder_facts(name)
        if registry.split_name(name)[1]:
            registry.dataset_builder(name)  # raises for an unknown config
    lacking = False
    for name in wanted:
        try:
            _fetch_dataset(name)
        except OfflineError:
            raise
        except BenchmarkError as error:
            say(f"{name}: {error}")
            lacking = True
    return 1 if lacking else 0


class OfflineError(BenchmarkError):
    """Something is to be fetched, and the user forbids it."""


def _fetch_dataset(name: str) -> None:
    """Fetch what is not here yet.

    Raises:
        Unavailable: something is missing that this command cannot fetch.
        DatasetError: something could not be fetched, or is not what it should be.
    """
    if _missing(name) is None:
        say(f"{name}: nothing is missing. Next: moodbench data prepare {name}")
        return
    archive, files = datasets.locate(name), downloads(name)
    folder = archive.parent if archive is not None else paths.manual_folders()[0]
    if not files:
        raise Unavailable(
            f"its files are not fetched for you (access: {_access(name)})",
            f"{_instructions(name)} The manual folder is {folder}.",
        )
    for file in list(_wanted(name, files, folder)):
        _fetch_file(file, folder)
    if (missing := _missing(name)) is not None:
        raise Unavailable(f"{missing}; all that can be fetched for you is in {folder}", _instructions(name))
    say(f"{name}: all of it is in {folder}. Next: moodbench data prepare {name}")


def _missing(name: str) -> str | None:
    """What a dataset lacks, None where it lacks nothing."""
    try:
        datasets.find_source(name)
    except Unavailable as error:
        return error.what
    return None


def _wanted(name: str, files: Iterable[Download], folder: Path) -> Iterator[Download]:
    """Those of `files` that are not in `folder`, nor anything that makes them needless."""
    from tfds_builders.common.source import Beside

    archive = datasets.locate(name)
    beside = [Beside(**fields) for fields in datasets.builder_facts(name)["beside"]]
    for file in files:
        uses = [each for each in beside if file.name in each.names]
        lacks = not all(each.found(folder) for each in uses) if uses else archive is None  # it, or a piece of it
        if lacks and not (folder / file.name).exists():
            yield file


def _fetch_file(file: Download, folder: Path) -> None:
    if is_offline():
        raise OfflineError(f"{OFFLINE}=1 forbids to fetch {file.url}. Unset it, or put {file.name} into {folder}.")
    if urllib.parse.urlsplit(file.url).scheme not in ("http", "https"):
        raise DatasetError(f"address {file.url!r} of {file.name}, expected http or https. Correct its builder.")
    make_folder(folder)
    place, partial = folder / file.name, folder / f"{file.name}.partial"
    with held(paths.cache_folder() / "fetching" / f"{file.name}.lock", who=file.name, wait_seconds=LOCK_SECONDS):
        if place.exists():  # another process has fetched it meanwhile
            return
        digest = hashlib.sha256()
        try:
            with _bar(file) as told:
                download(file.url, partial, digests=[digest], seconds=TIMEOUT_SECONDS, resume=True, told=told)
        except (OSError, HTTPException) as error:
            raise _failed(file, partial, error) from error
        try:
            _check(file, partial, digest.hexdigest())
        except DatasetError:
            partial.unlink()
            raise
        else:
            partial.replace(place)
        finally:
            note_of(partial).unlink(missing_ok=True)
    sums = f"sha256 {digest.hexdigest()}"
    known = "as published" if file.sha256 else "which no published one could be compared with"
    say(f"{file.name}: {place.stat().st_size:,} bytes, {sums}, {known}")


def _failed(file: Download, partial: Path, error: Exception) -> DatasetError:
    """The error to raise; removes what cannot be gone on with."""
    kept = kept_of(file.url, partial)
    if not kept:
        partial.unlink(missing_ok=True)
        note_of(partial).unlink(missing_ok=True)
    by_hand = f"Nothing was kept; run again later, or put {file.name} into {partial.parent} by hand."
    rest = f"{kept:,} bytes are kept in {partial}; run again to go on." if kept else by_hand
    found = error.reason if type(error) is URLError else error  # else it says "<urlopen error …>"
    return DatasetError(f"fetching {file.url} failed ({found}). {rest}")


def _check(file: Download, partial: Path, sha256: str) -> None:
    """Refuse what is not the file.

    Raises:
        DatasetError: it has another sha256 than the published one, or is a web page, or no archive.
    """
    size = partial.stat().st_size
    if file.sha256 and sha256 != file.sha256:
        of_bytes = f" and {file.bytes:,} bytes" if file.bytes else ""
        raise DatasetError(
            f"{file.url} answered {size:,} bytes with sha256 {sha256}, expected {file.sha256}{of_bytes}. Nothing was "
            "kept. Run again; if it answers the same, the file has changed: see the corpus's page."
        )
    with partial.open("rb") as stream:
        head = stream.read(512).lstrip().lower()
    if not size or head.startswith(_PAGES) or not _is_archive(file.name, partial):
        found = "a web page" if head.startswith(_PAGES) else f"{size:,} bytes that begin with {head[:12]!r}"
        raise DatasetError(
            f"{file.url} answered {found}, expected {file.name}. Nothing was kept. The address may have moved, or ask "
            "for a login: open it in a browser."
        )


def _is_archive(name: str, path: Path) -> bool:
    """Whether the file is the archive that its name says; true for a name that says none."""
    if name.endswith(".zip"):
        return zipfile.is_zipfile(path)
    return tarfile.is_tarfile(path) if name.endswith((".tar", ".tar.gz", ".tgz")) else True


def _checksums(file: Path) -> dict[str, tuple[int, str]]:
    """Size and sha256 by address, of a checksums.tsv as TFDS lays it out: address, size, sha256, file name."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return {url: (int(size), sha256) for url, size, sha256, _ in csv.reader(stream, delimiter="\t")}
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{file.parent.name}/{file.name} cannot be read ({error}); expected lines of address, size, sha256 and "
            "file name, separated by tabs."
        ) from error


def _access(name: str) -> str:
    plain = registry.split_name(name)[0]
    access = {task.access for task in registry.tasks().values() if registry.split_name(task.dataset)[0] == plain}
    return "; ".join(sorted(access)) or "no task says how"


def _instructions(name: str) -> str:
    return str(datasets.builder_facts(name)["instructions"])


@contextmanager
def _bar(file: Download) -> Iterator[Told]:
    """A progress bar in bytes; a line where nobody watches."""
    size = f" ({file.bytes / 1e6:,.0f} MB)" if file.bytes else ""
    if not console.is_terminal:
        say(f"fetching {file.name}{size} from {file.url}")
        yield lambda here, whole: None  # noqa: ARG005 - nobody watches
        return
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TextColumn("left"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=console) as progress:
        task = progress.add_task(file.name, total=file.bytes)
        yield lambda here, whole: progress.update(task, completed=here, total=whole or file.bytes)
