"""One dataset from its archive to its manifest and audit, for the stage `prepare` and for `moodbench data prepare`."""

from __future__ import annotations

from benchmark import datasets, manifest, registry
from benchmark.audit import run as audit
from benchmark.datasets import Source
from benchmark.errors import BenchmarkError, DatasetError
from benchmark.manifest import Manifest
from benchmark.plan import Readiness
from benchmark.progress import say


def dataset(name: str, *, skip_broken: bool) -> tuple[Readiness, Manifest | None]:
    """Bring one dataset's audio, manifest and audit up to date, as far as its archive is here.

    Answers whether its audio can be had, and its current manifest (known even without audio, from git).
    `skip_broken` leaves out clips that cannot be decoded, where the whole set cannot be had.
    """
    stored: Manifest | None = None
    try:
        stored = _stored(name)
        readiness = Readiness()
        try:
            source = datasets.find_source(name)
        except BenchmarkError as error:
            readiness, source = Readiness.of(error), None
        stale = stored is None or stored.builder_sha256 != datasets.code_hash(name)
        skipped = bool(stored and stored.skipped)
        if source is not None and (stale or _unseen(name, source, skipped)):
            stored = build(name, skip_broken=skip_broken or skipped)
        elif stored is not None and source is not None and source.path is not None:
            stored = _as_here(stored, datasets.base_manifest(name, skip_broken=skipped))
        if stored is None:
            return readiness, None
        own = [task for _, task in sorted(registry.tasks().items()) if task.dataset == name]
        current = stored.with_splits(own)
        manifest.write(current)
        if source is not None:
            audit.ensure(current)
    except BenchmarkError as error:
        return Readiness.of(error), None
    return readiness, current


def _unseen(name: str, source: Source, skipped: bool) -> bool:
    """Whether this archive has not been looked at yet; a synthesised set has none."""
    return source.path is not None and not datasets.is_prepared(name, source, skip_broken=skipped)


def _as_here(stored: Manifest, here: Manifest) -> Manifest:
    """The manifest of what is here; the stored one may be of another archive or table that lay here in between."""
    return stored if stored.with_splits(()) == here else here


def build(name: str, *, skip_broken: bool) -> Manifest:
    """The manifest of a dataset as it is here, its audio built if need be.

    With `skip_broken`, broken clips are left out, but only where the whole set cannot be had.

    Raises:
        Unavailable: its archive is not here.
        DatasetError: the archive, or a clip that is not to be left out, is not what the builder expects.
    """
    source = datasets.find_source(name)
    whole, part = (datasets.is_prepared(name, source, skip_broken=skip) for skip in (False, True))
    known_broken = skip_broken and part and not whole  # it failed as a whole before
    if not whole and not known_broken:
        say(f"prepare: building {name}")
    try:
        if not known_broken:
            return datasets.base_manifest(name)
    except DatasetError:
        if not skip_broken:
            raise
    made = datasets.base_manifest(name, skip_broken=True)
    for row in made.skipped:
        say(f"prepare: {name}: left out: {row['reason']}")
    return made


def _stored(name: str) -> Manifest | None:
    try:
        return manifest.read(name)
    except DatasetError as error:
        say(f"prepare: {error} It is made anew where the audio is here.")
        datasets.find_source(name)  # without audio it cannot be made anew: that is the error then
        return None
