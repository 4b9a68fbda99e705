"""What is on disk and belongs to nothing any more: listed first, removed only when told to."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmark import datasets, entry_points, paths, registry
from benchmark.errors import BenchmarkError, ParamsError, UnknownNameError
from benchmark.params import Params


def leftovers(params: Params) -> list[Path]:
    """Files and folders of embedders that left params.yaml, of tasks and suites that no longer exist, and
    prepared audio made by other builder code or from another archive than the present ones.

    Cells of tasks that merely are in no chosen suite stay: a cell belongs to its task. So do cells that git holds:
    somebody published them.
    """
    published = _published()
    rows = {name.partition("/")[0] for name in published}
    cells = [folder for folder in _gone(params, paths.CELLS) if folder.name not in rows]
    cells += [file for file in _cells() if file.relative_to(paths.CELLS).as_posix() not in published]
    found = [*cells, *_embedders(params), *_frames(params), *_leaderboards(), *_prepared()]
    return sorted(set(found))


def published(params: Params) -> list[str]:
    """Rows that left params.yaml, or never were in it, whose cells git holds."""
    rows = {name.partition("/")[0] for name in _published()}
    return [folder.name for folder in _gone(params, paths.CELLS) if folder.name in rows]


def of_rows(params: Params, rows: list[str]) -> list[Path]:
    """All that belongs to rows that are not in params.yaml, cells that git holds among it.

    Raises:
        ParamsError: a row is in params.yaml.
        UnknownNameError: nothing is here of a row.
    """
    found = {*_gone(params, paths.CELLS), *_embedders(params), *_gone(params, paths.FRAMES)}
    names = {path.name if path.is_dir() else path.stem for path in found}
    for row in rows:
        if row in params.embedders:
            raise ParamsError(f"row {row!r} is in params.yaml, expected one that is not. Remove its entry first.")
        if row not in names:
            raise UnknownNameError("row (that left params.yaml)", row, names)
    return sorted(path for path in found if (path.name if path.is_dir() else path.stem) in rows)


def remove(files: list[Path]) -> None:
    """Delete files and folders; what is gone already is no error."""
    for path in files:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def size(path: Path) -> int:
    """Bytes below a path."""
    return sum(file.lstat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def _gone(params: Params, folder: Path) -> list[Path]:
    """The folders of rows that are not in params.yaml."""
    return [p for p in _inside(folder) if p.is_dir() and p.name not in params.embedders]


def _published() -> set[str]:
    """The files of cells that git holds, as "row/task.json"; empty where there is no git."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "."], cwd=paths.CELLS, capture_output=True, text=True, check=True
        )
        return {name for name in listed.stdout.split("\0") if name}
    return set()


def _embedders(params: Params) -> Iterator[Path]:
    yield from _gone(params, paths.EMBEDDINGS)
    for folder in (paths.RUNS, paths.PLANS):
        yield from (p for p in _inside(folder) if p.suffix == ".json" and p.stem not in params.embedders)


def _frames(params: Params) -> Iterator[Path]:
    """Frames are made of rows of the catalogue, too, without an entry in params.yaml."""
    rows = entry_points.names() | params.embedders.keys()
    known = _datasets()
    for folder in _inside(paths.FRAMES):
        if folder.name not in rows:
            yield folder
        else:
            yield from (p for p in _inside(folder) if p.name not in known)


def _cells() -> Iterator[Path]:
    for folder in _inside(paths.CELLS):
        for file in _inside(folder):
            task = file.name.split(".")[0].split("@")[0]
            if task != paths.not_run("any").stem and task not in registry.tasks():
                yield file


def _leaderboards() -> Iterator[Path]:
    yield from (p for p in _inside(paths.LEADERBOARD) if p.is_dir() and p.name not in registry.suites())


def _datasets() -> dict[str, str]:
    """Every dataset, those of a corpus and a config among them, by its name as a file's."""
    known = {*registry.datasets(), *(task.dataset for task in registry.tasks().values())}
    return {paths.file_name(name): name for name in known}


def _prepared() -> Iterator[Path]:
    known = _datasets()
    for folder in _inside(paths.cache_folder() / "prepared"):
        current: list[Path] = []
        if folder.name in known:
            name = known[folder.name]
            try:
                source = datasets.find_source(name)
            except BenchmarkError:
                continue  # the archive is not here now: what was made from it may be the only copy
            current = [datasets.prepared_folder(name, source, skip_broken=skip) for skip in (False, True)]
        yield from (p for p in _inside(folder) if p.is_dir() and p not in current)


def _inside(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
