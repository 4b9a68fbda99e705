"""Faults of the machine, with real commands: a full disk, a read-only one, missing permissions, a clock that jumps.

Whatever fails says so in one line, leaves nothing half-written, and ends, once the fault is gone, with the bytes of
an undisturbed run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

COMPARED = ("cells", "embeddings", "leaderboard", "manifests", "plans")
YEAR = 365 * 24 * 3600
SECTION = "The machine"
ROW = "logmel_stats"

Told = subprocess.CompletedProcess[str]


def error_line(done: Told) -> str:
    """The one line that tells an error."""
    assert "Traceback" not in done.stdout, done.stdout
    found = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(found) == 1, done.stdout
    return found[0]


def tree(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


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


# -- no room --------------------------------------------------------------------------------------

FULL = {
    "no room for a manifest": ("manifests", "4k", "prepare"),
    "no room for vectors": ("embeddings", "40k", f"embed {ROW}"),
    "no room for a cell": ("cells", "16k", f"evaluate {ROW}"),
    "no room for a leaderboard": ("leaderboard", "4k", "report"),
}


@pytest.mark.parametrize("kind", FULL)
def test_a_full_disk_on_page(unharmed, whole, mounts, on_page, tmp_path, kind):
    name, size, command = FULL[kind]
    folder, clone = f"results/{name}", unharmed
    told = clone.apart(
        f"""
        mount -t tmpfs -o size={size} none {folder}
        python -m benchmark {command}; code=$?
        cp -a {folder} {tmp_path}/full
        mount -o remount,size=64m {folder}
        python -m benchmark {command} > {tmp_path}/again 2>&1 || exit 100
        cp -a {folder} {tmp_path}/roomy
        exit $code
        """
    )
    assert told.returncode == 2, told.stdout
    line = clone.portable(error_line(told))
    assert "No space left on device (./results/" in line
    left = {f"{folder}/{n}": content for n, content in tree(tmp_path / "full").items()}
    finished = {n: c for n, c in left.items() if ".partial" not in n and not n.endswith("/status.json")}
    assert finished == {n: whole[n] for n in finished}, "a file is whole or not there"
    assert not any("vectors" in n for n in left), "the room that was taken for vectors is given back"
    after = {f"{folder}/{n}": content for n, content in tree(tmp_path / "roomy").items()}
    own = f"/{ROW}/" if ROW in command else ""
    assert after == {n: c for n, c in whole.items() if n.startswith(folder + "/") and own in n and ".git" not in n}
    on_page(SECTION, kind, line, told.returncode)


def test_a_full_cache_on_page(unharmed, whole, mounts, on_page, tmp_path):
    clone = unharmed
    small = tmp_path / "small"
    small.mkdir()
    told = clone.apart(
        f"""
        mount -t tmpfs -o size=900k none {small}
        python -m benchmark prepare; code=$?
        cp -a {small} {tmp_path}/full
        mount -o remount,size=64m {small}
        python -m benchmark prepare > {tmp_path}/again 2>&1 || exit 100
        python -m benchmark embed {ROW} --fresh || exit 101
        exit $code
        """,
        MOODBENCH_CACHE=str(small),
    )
    assert told.returncode == 2, told.stdout
    assert not list((tmp_path / "full").rglob("index.json")), "what is half built counts as not built"
    assert not list((tmp_path / "full").rglob("*.array_record*")), "and makes room again"
    assert "prepare: building emodb" in (tmp_path / "again").read_text()
    line = re.sub(r"/[0-9a-f]{20}\b", "/KEY", error_line(told).replace(str(small), "$MOODBENCH_CACHE"))
    on_page(SECTION, "no room for prepared audio", line, told.returncode)


def test_a_full_results_folder_stops_a_run_without_harm(unharmed, whole, mounts, tmp_path):
    """As much room as chance needs, and then none; then room again."""
    clone = unharmed
    lock = (clone.folder / "dvc.lock").read_bytes()
    told = clone.apart(
        f"""
        cp -a results {tmp_path}/before
        mount -t tmpfs none .dvc/cache || exit 100
        mount -t tmpfs -o size=80k none results || exit 101
        cp -a {tmp_path}/before/published results
        mkdir results/embeddings && cp -a {tmp_path}/before/embeddings/.gitignore results/embeddings
        python -m benchmark run; code=$?
        cp -a results {tmp_path}/full
        mount -o remount,size=64m results
        python -m benchmark run > {tmp_path}/again 2>&1 || exit 100
        cp -a results {tmp_path}/roomy
        exit $code
        """
    )
    assert told.returncode in (1, 2), told.stdout
    assert "Traceback" not in told.stdout
    assert "No space left on device" in told.stdout
    left = {f"results/{n}": c for n, c in tree(tmp_path / "full").items() if n.split("/")[0] in COMPARED}
    made = [n for n in left if n.endswith(("vectors.npy", ".parquet")) or "/manifests/" in n]
    assert {n: left[n] for n in made} == {n: whole[n] for n in made}
    after = {f"results/{n}": c for n, c in tree(tmp_path / "roomy").items() if n.split("/")[0] in COMPARED}
    assert after == whole
    assert (clone.folder / "dvc.lock").read_bytes() == lock
    print(f"80 kB: {len(left)} of {len(after)} files before there was no room, {len(made)} of them vectors and cells")


# -- a disk that cannot be written, places that are not there ---------------------------------------

READ_ONLY = {
    "vectors on a read-only disk": ("results", f"embed {ROW} --fresh"),
    "cells on a read-only disk": ("results", f"evaluate {ROW} --fresh"),
    "plans on a read-only disk": ("results/plans", "prepare"),
    "leaderboards on a read-only disk": ("results/leaderboard", "report"),
}


@pytest.mark.parametrize("kind", READ_ONLY)
def test_read_only_on_page(unharmed, mounts, on_page, kind):
    folder, command = READ_ONLY[kind]
    mount = "mount --bind results results && mount -o remount,ro,bind results"
    if folder != "results":
        mount = f"mount -t tmpfs -o ro none {folder}"
    told = unharmed.apart(f"{mount} || exit 100; python -m benchmark {command}")
    line = unharmed.portable(error_line(told))
    assert line.startswith("error: Read-only file system (./results/")
    on_page(SECTION, kind, line, told.returncode)


def test_what_is_there_can_be_read_from_a_read_only_disk(unharmed, mounts):
    told = unharmed.apart(
        """
        mount --bind results results && mount -o remount,ro,bind results || exit 100
        mount --bind $MOODBENCH_CACHE $MOODBENCH_CACHE && mount -o remount,ro,bind $MOODBENCH_CACHE || exit 101
        python -m benchmark prepare && python -m benchmark report && python -m benchmark list embedders
        """
    )
    assert told.returncode == 0, told.stdout
    assert re.search(rf"{ROW} .*1 of 1", told.stdout)


def test_a_read_only_cache_on_page(unharmed, mounts, on_page, tmp_path):
    told = unharmed.apart(
        f"mount -t tmpfs -o ro none {tmp_path} || exit 100; python -m benchmark prepare", MOODBENCH_CACHE=str(tmp_path)
    )
    line = error_line(told).replace(str(tmp_path), "$MOODBENCH_CACHE")
    on_page(SECTION, "a cache folder on a read-only disk", line, told.returncode)


def without_privileges() -> list[str]:
    """What a command begins with so that file modes count for it, even if root runs it."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    try:
        able = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        able = False
    if not able:
        pytest.skip("root, and no setpriv that takes its privileges away: file modes count for nothing")
    return prefix


@pytest.mark.parametrize(
    ("kind", "place", "command"),
    [
        ("a manual folder without permission", "data/manual", "prepare"),
        ("an archive without permission", "data/manual/download.zip", "prepare"),
        ("vectors without permission", f"results/embeddings/{ROW}/emodb", f"embed {ROW} --fresh"),
        ("cells without permission", f"results/cells/{ROW}", "report"),
    ],
)
def test_no_permission_on_page(unharmed, on_page, tmp_path, kind, place, command):
    path = unharmed.data.parent / place if place.startswith("data") else unharmed.folder / place
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        told = unharmed.run(
            *without_privileges(),
            *("python", "-m", "benchmark", *command.split()),
            check=False,
            MOODBENCH_CACHE=str(tmp_path / "cache" if command == "prepare" else unharmed.cache),
        )
    finally:
        path.chmod(mode)
    line = unharmed.portable(error_line(told))
    assert "Permission denied (" in line
    on_page(SECTION, kind, line, told.returncode)
    if command.startswith("embed"):
        unharmed.run("python", "-m", "benchmark", *command.split())  # the status says that all is well again


@pytest.mark.parametrize(
    ("kind", "place", "command"),
    [
        ("a file where a row's vectors belong", f"results/embeddings/{ROW}", f"embed {ROW}"),
        ("a file where a dataset's vectors belong", f"results/embeddings/{ROW}/emodb", f"embed {ROW}"),
        ("a file where a row's cells belong", f"results/cells/{ROW}", f"evaluate {ROW}"),
        ("a file where the leaderboards belong", "results/leaderboard", "report"),
        ("a file where the cache belongs", "cache", "prepare"),
    ],
)
def test_a_file_in_a_folders_place_on_page(unharmed, on_page, tmp_path, kind, place, command):
    path = unharmed.cache if place == "cache" else unharmed.folder / place
    path.rename(tmp_path / "kept")
    path.write_text("mine")
    status = unharmed.folder / f"results/embeddings/{ROW}/status.json"
    try:
        told = unharmed.run("python", "-m", "benchmark", *command.split(), check=False)
        assert path.read_text() == "mine", "nothing of the user's is removed"
    finally:
        path.unlink()
        (tmp_path / "kept").rename(path)
    on_page(SECTION, kind, unharmed.portable(error_line(told)), told.returncode)
    if command.startswith("embed"):
        unharmed.run("python", "-m", "benchmark", *command.split())
    assert json.loads(status.read_text())["datasets"]["emodb"]["readiness"]["state"] == "ready"


@pytest.mark.parametrize("kind", ["MOODBENCH_DATA names no folder", "a file where the manual folder belongs"])
def test_no_data_on_page(unharmed, on_page, tmp_path, kind):
    if kind.startswith("a file"):
        (tmp_path / "manual").write_text("mine")
    data = tmp_path if kind.startswith("a file") else tmp_path / "nowhere"
    python = ("python", "-m", "benchmark")
    unharmed.run(*python, "prepare", MOODBENCH_DATA=str(data), TFDS_DATA_DIR=str(tmp_path / "no-tfds"))
    told = unharmed.run(*python, "embed", ROW, "--fresh", MOODBENCH_DATA=str(data))
    (line,) = (each for each in told.stdout.splitlines() if "not run on" in each)
    on_page(SECTION, kind, line, told.returncode, goes_on=True)
    unharmed.run(*python, "prepare")
    unharmed.run(*python, "embed", ROW)


def test_no_home_for_the_cache_on_page(unharmed, mounts, on_page, tmp_path):
    told = unharmed.apart(
        f"mount -t tmpfs -o ro none {tmp_path} || exit 100; unset MOODBENCH_CACHE; python -m benchmark prepare",
        HOME=str(tmp_path),
    )
    line = error_line(told).replace(str(tmp_path), "~")
    on_page(SECTION, "a home folder that cannot be written, and no MOODBENCH_CACHE", line, told.returncode)


def test_no_home_at_all_on_page(unharmed, mounts, on_page):
    """As in a container that runs under a number of no account."""
    command = ["unshare", "-U", "--map-user=12345", "env", "-u", "HOME"]
    told = unharmed.run(*command, "-u", "MOODBENCH_CACHE", "python", "-m", "benchmark", "prepare", check=False)
    on_page(SECTION, "no HOME, a user without an account, and no MOODBENCH_CACHE", error_line(told), told.returncode)
    unharmed.run(*command, "python", "-m", "benchmark", "prepare")


def test_a_temporary_folder_is_not_needed(unharmed, mounts, tmp_path):
    (tmp_path / "full").mkdir()
    fill = f"mount -t tmpfs -o size=16k none {tmp_path}/full && dd if=/dev/zero of={tmp_path}/full/x bs=16k count=1"
    told = unharmed.apart(
        f"""
        {fill} || exit 100
        export TMPDIR={tmp_path}/missing
        python -m benchmark prepare && python -m benchmark evaluate {ROW} --fresh || exit 1
        export TMPDIR={tmp_path}/full
        python -m benchmark embed {ROW} --fresh
        """,
        MOODBENCH_CACHE=str(tmp_path / "cache"),
    )
    assert told.returncode == 0, told.stdout


# -- the clock ------------------------------------------------------------------------------------

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
