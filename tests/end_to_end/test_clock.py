"""A clock that jumps and file times far off: nothing runs again that need not, nothing stale is served."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COMPARED = ("cells", "embeddings", "leaderboard", "manifests", "plans")
YEAR = 365 * 24 * 3600
ROW = "logmel_stats"


CLOCK = '''
"""A clock that is wrong by the seconds in a file, read at every look: for every Python process of a run."""

import os
import sys
import time

FILE = os.environ["WRONG_CLOCK"]
STAGES = {"prepare": 1, "embed": -1, "evaluate": 2, "report": -2}  # years, where the file says "stages"
stage = next((each for each in sys.orig_argv if each in STAGES), "")
real_time, real_time_ns = time.time, time.time_ns


def wrong_by():
    with open(FILE) as file:
        said = file.read()
    return STAGES.get(stage, 0) * 365 * 24 * 3600 if said == "stages" else int(said)


time.time = lambda: real_time() + wrong_by()
time.time_ns = lambda: real_time_ns() + wrong_by() * 10**9
'''

JUMPER = '''
"""Sets the clock back by a year at its second batch."""

import os

import numpy as np


class Jumper:
    sample_rate = 16000
    dim = 2
    calls = 0

    def embed(self, clips):
        self.calls += 1
        if self.calls == 2:
            with open(os.environ["WRONG_CLOCK"], "w") as file:
                file.write(str(-365 * 24 * 3600))
        return np.array([[np.abs(c).mean(), c.std()] for c in clips], dtype=np.float32)
'''


@pytest.fixture
def clock(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The file that says how wrong the clock is, and the environment of a command that reads it."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    (tmp_path / "jumper.py").write_text(JUMPER)
    file = tmp_path / "clock"
    environment = {"WRONG_CLOCK": str(file), "PYTHONPATH": str(tmp_path)}
    ask = [sys.executable, "-c", "import time; print(time.time())", "embed"]
    for said, years in (("stages", -1), (str(YEAR), 1), ("0", 0)):
        file.write_text(said)
        told = subprocess.run(ask, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
        assert abs(float(told.stdout) - time.time() - years * YEAR) < 1000, "the wrong clock is the one that is asked"
    return file, environment


def test_a_clock_that_jumps_by_years_between_the_stages(unharmed, whole, clock, tmp_path):
    """Each stage finds files from years ahead or behind; all is made as ever, and nothing again after it."""
    clone, (file, environment) = unharmed, clock
    file.write_text("stages")
    for name in COMPARED:
        (clone.folder / "results" / name).rename(tmp_path / name)
    (clone.folder / "dvc.lock").rename(tmp_path / "dvc.lock")
    (clone.folder / ".dvc/cache").rename(tmp_path / "dvc-cache")  # or DVC would take the stages from there
    try:
        (clone.folder / "results/embeddings").mkdir()
        shutil.copy2(tmp_path / "embeddings/.gitignore", clone.folder / "results/embeddings")
        environment["MOODBENCH_CACHE"] = str(tmp_path / "cache")
        assert len(clone.repro(**environment)) == 6
        assert clone.contents(*COMPARED) == whole
        assert (clone.folder / "dvc.lock").read_bytes() == (tmp_path / "dvc.lock").read_bytes()
        for years in (-1, 0, 1):
            file.write_text(str(years * YEAR))
            assert clone.repro(**environment) == ["prepare"]
    finally:
        (tmp_path / "dvc.lock").replace(clone.folder / "dvc.lock")
        shutil.rmtree(clone.folder / ".dvc/cache", ignore_errors=True)
        (tmp_path / "dvc-cache").rename(clone.folder / ".dvc/cache")
        for name in COMPARED:
            shutil.rmtree(clone.folder / "results" / name, ignore_errors=True)
            (tmp_path / name).rename(clone.folder / "results" / name)


def test_a_clock_that_goes_back_in_the_middle_of_embed(unharmed, clock, tmp_path):
    clone, (file, environment) = unharmed, clock
    params = (clone.folder / "params.yaml").read_text()
    (clone.folder / "params.yaml").write_text(params + '  jumper: {factory: "jumper:Jumper"}\n')
    python = ("python", "-m", "benchmark")
    try:
        clone.run(*python, "prepare", **environment)
        clone.run(*python, "embed", "jumper", "--batch-seconds", "2", **environment)
        assert file.read_text() == str(-YEAR)
        jumped = clone.contents("embeddings/jumper")
        record = json.loads((clone.folder / "results/runs/jumper.json").read_text())["embed"]["emodb"]
        assert 0 < record["seconds"] < 300
        assert clone.run(*python, "embed", "jumper", **environment).stdout == ""  # current: nothing is done
        clone.run(*python, "embed", "jumper", "--batch-seconds", "2", "--fresh", **environment)
        assert clone.contents("embeddings/jumper") == jumped
    finally:
        (clone.folder / "params.yaml").write_text(params)
        clone.run(*python, "prune", "--yes")
        clone.run(*python, "prepare")


@pytest.mark.parametrize("years", [0, 130], ids=["1970", "2100"])
def test_file_times_far_off_change_nothing(unharmed, whole, years):
    """Sources, archive, prepared audio, vectors, cells and code from the epoch, or from the next century."""
    clone = unharmed
    touched = 0
    for top in (clone.folder / "benchmark", clone.folder / "tasks", clone.folder / "results", clone.data, clone.cache):
        for path in top.rglob("*"):
            os.utime(path, (years * YEAR, years * YEAR))
            touched += 1
    assert touched > 100
    assert clone.repro() == ["prepare"]


def test_another_archive_of_the_same_size_and_time_is_noticed(unharmed, whole, tmp_path):
    """The time of a file says nothing: a copy may carry that of the old one."""
    clone = unharmed
    archive = clone.data / "manual" / "download.zip"
    os.utime(archive, (0, 0))
    clone.run("python", "-m", "benchmark", "prepare")
    raw = bytearray(archive.read_bytes())
    place = raw.index(b"data", raw.index(b"RIFF")) + 1000  # a sample of the first clip, which is stored or deflated
    shutil.copy2(archive, tmp_path / "kept")
    raw[place] ^= 1
    archive.write_bytes(raw)
    os.utime(archive, (0, 0))
    try:
        told = clone.run("python", "-m", "benchmark", "prepare", check=False)
        assert "prepare: building emodb" in told.stdout
        assert told.returncode == 2  # the checksum of that clip
    finally:
        shutil.copy2(tmp_path / "kept", archive)
        clone.run("python", "-m", "benchmark", "prepare")
