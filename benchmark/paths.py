"""Every path, spelled once. Nothing here touches the disk.

The project works from its clone, so the root is where this package stands. What is large and can
be made again (prepared audio, fetched weights) lives in a cache folder outside of it.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARAMS = ROOT / "params.yaml"
RESULTS = ROOT / "results"
MANIFESTS = RESULTS / "manifests"
PLANS = RESULTS / "plans"
EMBEDDINGS = RESULTS / "embeddings"
FRAMES = RESULTS / "frames"
CELLS = RESULTS / "cells"
RUNS = RESULTS / "runs"
LEADERBOARD = RESULTS / "leaderboard"
PUBLISHED = RESULTS / "published"
BUILDERS = ROOT / "tfds_builders"


def home() -> Path | None:
    """The user's home folder; None where there is neither HOME nor an account, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def cache_folder() -> Path:
    """Where prepared audio, fetched weights and file hashes live (`MOODBENCH_CACHE`).

    Raises:
        FileNotFoundError: it is not given, and there is no home folder.
    """
    given, own = os.environ.get("MOODBENCH_CACHE"), home()
    if given:
        return Path(given).expanduser()
    if own is None:
        raise FileNotFoundError(errno.ENOENT, "no place for the cache: neither MOODBENCH_CACHE nor HOME is set")
    return own / ".cache" / "moodbench"


def data_folder() -> Path | None:
    """The user's own data folder with `manual/` and `weights/` in it (`MOODBENCH_DATA`), if given."""
    given = os.environ.get("MOODBENCH_DATA")
    return Path(given).expanduser().resolve() if given else None


def manual_folders() -> list[Path]:
    """Folders searched for archives, first hit wins: the user's data folder, then TFDS's own."""
    given, named, own = data_folder(), os.environ.get("TFDS_DATA_DIR"), home()
    tfds_default = Path(named).expanduser() if named else own / "tensorflow_datasets" if own else None
    return [
        *([given / "manual"] if given else []),
        *([tfds_default / "downloads" / "manual"] if tfds_default else []),
    ]


def weights_folders() -> list[Path]:
    """Folders searched for weights files, first hit wins."""
    given = data_folder()
    return [ROOT / "weights", *([given / "weights"] if given else []), cache_folder() / "weights"]


def file_name(dataset: str) -> str:
    """A dataset's name as a file's: `corpus/config` becomes `corpus-config`."""
    return dataset.replace("/", "-")


def prepared(dataset: str, key: str) -> Path:
    """One prepared dataset; `key` names the builder code and the source that made it."""
    return cache_folder() / "prepared" / file_name(dataset) / key


def manifest(dataset: str) -> Path:
    """A dataset's frozen list of clips (git)."""
    return MANIFESTS / f"{file_name(dataset)}.json"


def source_note(dataset: str) -> Path:
    """Where the audio of a corpus of one's own lies on this machine (git-ignored)."""
    return BUILDERS / dataset.partition("/")[0] / "source.txt"


def audit(dataset: str) -> Path:
    """What the audit found in a dataset's clips, beside its manifest (git)."""
    return MANIFESTS / f"{file_name(dataset)}.audit.json"


def plan(embedder: str) -> Path:
    """What one embedder is to do (git-ignored)."""
    return PLANS / f"{embedder}.json"


def vectors(embedder: str, dataset: str) -> Path:
    """The folder of one embedder's vectors of one dataset (DVC)."""
    return EMBEDDINGS / embedder / file_name(dataset)


def frames(embedder: str, dataset: str) -> Path:
    """The folder of one embedder's frames of one dataset (git-ignored)."""
    return FRAMES / embedder / file_name(dataset)


def embed_status(embedder: str) -> Path:
    """What `embed` left for `evaluate`: per dataset the fingerprint wanted, and why vectors are absent."""
    return EMBEDDINGS / embedder / "status.json"


def cell(embedder: str, task: str, variant: str) -> Path:
    """One cell's JSON (git); its predictions stand beside it with the suffix `.parquet`."""
    return CELLS / embedder / f"{task}{'@' + variant if variant else ''}.json"


def not_run(embedder: str) -> Path:
    """Tasks that an embedder was not scored on, with reasons (git)."""
    return CELLS / embedder / "not_run.json"


def run_record(embedder: str) -> Path:
    """Seconds, dates and hardware of an embedder's last run (git-ignored, no DVC output)."""
    return RUNS / f"{embedder}.json"


def lock(name: str) -> Path:
    """A lock file for one stage of one embedder in this clone."""
    return RUNS / "locks" / f"{name}.lock"


def portable(text: str) -> str:
    """`text` without this machine's folders: what is recorded goes to git, and to other machines."""
    cache = cache_folder() if os.environ.get("MOODBENCH_CACHE") or home() else None
    named = [(ROOT, "."), (data_folder(), "$MOODBENCH_DATA"), (cache, "$MOODBENCH_CACHE"), (home(), "~")]
    for folder, name in named:
        if folder is not None and len(folder.parts) > 1:
            text = re.sub(re.escape(str(folder)) + r"(?=/|$|\s|['\"),;:])", name, text)
    return text
