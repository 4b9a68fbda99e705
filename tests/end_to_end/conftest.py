"""A temporary clone of the project with a small real corpus layout, for whole runs under DVC."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
EMOTIONS = "WLEAFTN"
SPEAKERS = ("03", "08", "09", "10", "11", "13", "14")

TINY_TASKS = '''
"""A small task for end-to-end tests."""

from tasks.base import GroupKFold, Task

COMMON = dict(
    title="Tiny", dataset="emodb", domain="speech emotion", target="label", group="speaker_id",
    normalisation="train", citation="test", licence="test", access="open", language="tones",
)
TASKS = (Task(name="tiny", split=GroupKFold(3), **COMMON),)
'''

PARAMS = """\
suites:
  - tiny
probe:
  heads:
    - lda
    - svc
embedders:
  chance: {}
  logmel_stats: {}
"""

STRANGER = '''
"""Somebody's own model, outside of the project."""

import numpy as np


class Loudness:
    sample_rate = 16000
    dim = 3

    def embed(self, clips):
        rows = [[np.sqrt(np.mean(c**2)), np.abs(np.diff(np.sign(c))).mean(), len(c) / 16000] for c in clips]
        return np.array(rows, dtype=np.float32)
'''


@dataclass(frozen=True)
class Clone:
    """A working copy in which commands run as a user would run them."""

    folder: Path
    data: Path
    cache: Path
    path: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The caller's environment with the test's python first on PATH, and the clone's own data and cache."""
        return {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "MOODBENCH_DATA": str(self.data),
            "MOODBENCH_CACHE": str(self.cache),
            "MOODBENCH_OFFLINE": "1",
            "PYTHONPATH": str(self.path),
            "OMP_NUM_THREADS": "1",
            **more,
        }

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own; stdout and stderr together."""
        _of_the_clone(command)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(**environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; stdout and stderr together in `stdout`."""
        _of_the_clone(command)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
        return done

    def apart(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script with mounts of its own: full and read-only disks that are gone after it."""
        return self.run("unshare", "-Urm", "sh", "-uc", script, check=False, **environment)

    def portable(self, text: str) -> str:
        """`text` without this clone's folders, as `benchmark.paths.portable` would write it there."""
        for folder, name in ((self.folder, "."), (self.cache, "$MOODBENCH_CACHE"), (self.data, "$MOODBENCH_DATA")):
            text = text.replace(str(folder), name)
        return text

    def repro(self, **environment: str) -> list[str]:
        """`dvc repro`; answers the stages that ran, in order."""
        return re.findall(r"Running stage '([^']+)'", self.run("dvc", "repro", **environment).stdout)

    def contents(self, *folders: str) -> dict[str, bytes]:
        """Every file below some folders of results/, by its path."""
        found = {}
        for name in folders:
            for file in sorted((self.folder / "results" / name).rglob("*")):
                if file.is_file():
                    found[file.relative_to(self.folder).as_posix()] = file.read_bytes()
        return found

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a file of the clone; the old text must be there."""
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))


def _of_the_clone(command: Sequence[str]) -> None:
    """The installed command would work on the project that it is installed from, with all its real results."""
    installed = re.search(r"(^|[\s;&|])moodbench\s", " ".join(command))
    assert not installed, "say 'python -m benchmark', which takes the clone's code, and not 'moodbench'"


@pytest.fixture(scope="session")
def mounts() -> None:
    """Skips the test where a command cannot have mounts of its own."""
    try:
        tried = subprocess.run(
            ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("no command unshare")
    if tried.returncode:
        pytest.skip(f"no user and mount namespaces: {tried.stderr.strip()}")


def tone_archive(path: Path) -> None:
    """An archive with EmoDB's layout and names: a pitch for each emotion, shifted by the speaker, and noise."""
    rng = np.random.default_rng(0)
    time = np.arange(6400) / 16000
    with zipfile.ZipFile(path, "w") as archive:
        for number, speaker in enumerate(SPEAKERS):
            for place, emotion in enumerate(EMOTIONS):
                for take in "ab":
                    pitch = (200 + 90 * place) * (1 + 0.02 * number)
                    signal = 0.3 * np.sin(2 * np.pi * pitch * time) + 0.1 * rng.standard_normal(len(time))
                    buffer = io.BytesIO()
                    soundfile.write(buffer, np.clip(signal, -1, 1), 16000, format="WAV", subtype="PCM_16")
                    archive.writestr(f"wav/{speaker}a01{emotion}{take}.wav", buffer.getvalue())


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The project's files as they are now, committed to a repository of their own, with the tiny suite chosen."""
    base = tmp_path_factory.mktemp("end-to-end")
    folder, data, outside = base / "clone", base / "data", base / "outside"
    for each in (folder, data / "manual", outside):
        each.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        made = name.startswith("results/") and not name.startswith("results/published/")
        if (made and not name.endswith(".gitignore")) or name == "dvc.lock" or not (ROOT / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    tone_archive(data / "manual" / "download.zip")
    (folder / "tasks" / "tiny.py").write_text(TINY_TASKS)
    (folder / "params.yaml").write_text(PARAMS)
    (outside / "somebody.py").write_text(STRANGER)
    made = Clone(folder, data, base / "cache", outside)
    made.replace(
        "tasks/suites.py", "SUITES = (", 'SUITES = (Suite(name="tiny", title="Tiny", version=1, tasks=("tiny",)),'
    )
    identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    made.run("git", "init", "-q", "-b", "main")
    made.run("git", "add", "-A")
    made.run("git", *identity, "commit", "-qm", "as it is")
    return made


COMPARED = ("cells", "embeddings", "leaderboard", "manifests", "plans")


@pytest.fixture(scope="module")
def whole(clone: Clone) -> dict[str, bytes]:
    """The bytes of an undisturbed run."""
    clone.repro()
    return clone.contents(*COMPARED)


@pytest.fixture
def unharmed(clone: Clone, whole: dict[str, bytes]) -> Iterator[Clone]:
    """The clone after that run; the test must leave it as it found it."""
    yield clone
    assert clone.contents(*COMPARED) == whole
