"""Faults of the machine, with real commands: a full disk, a read-only one, missing permissions, a clock that jumps.

Whatever fails says so in one line, leaves nothing half-written, and ends, once the fault is gone, with the bytes of
an undisturbed run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.slow

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
