"""Weights files: looked for, checked by sha256, fetched from their public address when absent.

Standard library only. A file whose sha256 is wrong is an error, a file that is nowhere a state
(`Unavailable`): the row is not run, and the rest goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import urllib.parse
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from benchmark.download import download
from benchmark.errors import Unavailable, WeightsError
from benchmark.files import write_json
from benchmark.hashing import file_sha256
from embedders.base import Weights
from embedders.missing import OFFLINE, is_offline

TIMEOUT_SECONDS = 5.0  # to connect, and for each read
WAIT_SECONDS = 600.0  # after a failed fetch, before the next try


def resolve(
    weights: Weights | None, entry_path: str | None, *, folders: Sequence[Path], cache: Path, fetch: bool
) -> Path | None:
    """The file that an embedder is to load, or None when it has no weights.

    Looked for at `entry_path` (a file, or a folder that holds it), then in `folders`, then in
    `cache`/weights, into which it is fetched at last when `fetch` is true and `MOODBENCH_OFFLINE`
    is not 1. A file, or a folder such as a SavedModel, of the user's own (`entry_path` without `weights`) is only
    asked to be there and not empty. Weights without a known sha256 can only be the user's own.

    Raises:
        WeightsError: a file of the right name has another sha256, or the user's own is empty.
        Unavailable: it is nowhere, and could not or was not to be fetched.
    """
    given = Path(entry_path).expanduser() if entry_path else None
    if weights is None:
        return given if given is None else _own(given)
    if not weights.sha256:
        raise _missing(weights, "name yours in `weights:`: no sha256 of it is published")
    if Path(weights.file).name != weights.file:
        raise WeightsError(f"weights file name {weights.file!r}, expected a name without folders. Correct the entry.")
    kept = cache / "weights"
    own = [given / weights.file if given.is_dir() else given] if given else []
    for place in dict.fromkeys([*own, *(folder / weights.file for folder in folders), kept / weights.file]):
        if place.is_file():
            return _checked(place, weights)
    if not fetch:
        raise _missing(weights, "not in any of the folders")
    return _fetch(weights, kept / weights.file, cache / "failed_fetches.json")


def _own(given: Path) -> Path:
    if given.is_dir():
        if not any(file.is_file() for file in given.rglob("*")):
            raise WeightsError(f"weights {given} is an empty folder. Copy or download it again.")
        return given
    if not given.is_file():
        raise Unavailable(f"weights missing: nothing at {given}", "Correct the path of `weights`.")
    if given.stat().st_size == 0:
        raise WeightsError(f"weights {given} is empty (0 bytes). Copy or download it again.")
    return given


def _checked(place: Path, weights: Weights) -> Path:
    found = file_sha256(place)
    if found != weights.sha256:
        raise WeightsError(
            f"{place} ({place.stat().st_size:,} bytes) has sha256 {found}, expected {weights.sha256}: it is another "
            f"file, or a damaged one. Move it away. {weights.way_out}"
        )
    return place


def _fetch(weights: Weights, place: Path, failures: Path) -> Path:
    if is_offline():
        raise _missing(weights, f"{OFFLINE}=1 forbids to fetch it")
    if not weights.url:
        raise _missing(weights, "it has no public address")
    if urllib.parse.urlsplit(weights.url).scheme not in ("http", "https"):
        raise WeightsError(f"weights address {weights.url!r}, expected http or https. Correct the entry.")
    failed = _read_failures(failures)
    last = failed.get(weights.url)
    if last is not None and 0 <= time.time() - last < WAIT_SECONDS:
        left = WAIT_SECONDS - (time.time() - last)
        raise _missing(weights, f"fetching failed a short while ago; the next try is in {left:.0f} s")
    partial = place.with_name(f"{place.name}.partial.{os.getpid()}")
    try:
        digest = hashlib.sha256()
        download(weights.url, partial, digests=[digest], seconds=TIMEOUT_SECONDS)
        if (found := digest.hexdigest()) != weights.sha256:
            raise WeightsError(
                f"{weights.url} answered a file with sha256 {found}, expected {weights.sha256}. Nothing was kept. "
                f"A proxy may have answered in its place. {weights.way_out}"
            )
        partial.replace(place)
    except (OSError, HTTPException) as error:
        with contextlib.suppress(OSError):  # a note that cannot be kept costs one more try, nothing else
            write_json(failures, {**failed, weights.url: time.time()})
        raise _missing(weights, f"fetching {weights.url} failed ({error})") from error
    finally:
        partial.unlink(missing_ok=True)
    return place


def _read_failures(path: Path) -> dict[str, float]:
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        return {str(url): float(when) for url, when in noted.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # never failed, or a note that is not ours


def _missing(weights: Weights, reason: str) -> Unavailable:
    return Unavailable(f"weights missing: {weights.file} ({reason})", weights.way_out)
