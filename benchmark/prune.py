"""What is on disk and belongs to nothing any more: listed first, removed only when told to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmark import datasets, entry_points, paths, registry
from benchmark.errors import BenchmarkError
from benchmark.params import Params


def leftovers(params: Params) -> list[Path]:
    """Files and folders of embedders that left params.yaml, of tasks and suites that no longer exist, and
    prepared audio made by other builder code or from another archive than the present ones.

    Cells of tasks that merely are in no chosen suite stay: a cell belongs to its task.
    """
    found = [*_embedders(params), *_frames(params), *_cells(), *_leaderboards(), *_prepared()]
    return sorted(set(found))


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


def _embedders(params: Params) -> Iterator[Path]:
    for folder in (paths.EMBEDDINGS, paths.CELLS):
        yield from (p for p in _inside(folder) if p.is_dir() and p.name not in params.embedders)
    for folder in (paths.RUNS, paths.PLANS):
        yield from (p for p in _inside(folder) if p.suffix == ".json" and p.stem not in params.embedders)


def _frames(params: Params) -> Iterator[Path]:
    """Frames are made of rows of the catalogue, too, without an entry in params.yaml."""
    rows = entry_points.names() | params.embedders.keys()
    datasets_known = {paths.file_name(name) for name in registry.datasets()}
    for folder in _inside(paths.FRAMES):
        if folder.name not in rows:
            yield folder
        else:
            yield from (p for p in _inside(folder) if p.name not in datasets_known)


def _cells() -> Iterator[Path]:
    for folder in _inside(paths.CELLS):
        for file in _inside(folder):
            task = file.name.split(".")[0].split("@")[0]
            if task != paths.not_run("any").stem and task not in registry.tasks():
                yield file


def _leaderboards() -> Iterator[Path]:
    yield from (p for p in _inside(paths.LEADERBOARD) if p.is_dir() and p.name not in registry.suites())


def _prepared() -> Iterator[Path]:
    for folder in _inside(paths.cache_folder() / "prepared"):
        current: list[Path] = []
        if folder.name in registry.datasets():
            try:
                source = datasets.find_source(folder.name)
            except BenchmarkError:
                continue  # the archive is not here now: what was made from it may be the only copy
            current = [datasets.prepared_folder(folder.name, source, skip_broken=skip) for skip in (False, True)]
        yield from (p for p in _inside(folder) if p.is_dir() and p not in current)


def _inside(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
