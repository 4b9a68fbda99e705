"""`run` waits for a `dvc repro` that is at work in the project, whoever started it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from benchmark import paths
from benchmark.errors import LockedError
from benchmark.stages import waiting
from benchmark.stages.everything import DEAF_DVC


@pytest.fixture
def start(tmp_path):
    """`start(*words)` runs a process that only waits, with these words in its command, in the project's folder."""
    started = []

    def go(*words, folder=tmp_path):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", *words], cwd=folder)
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("words", [("/usr/bin/dvc", "repro"), (DEAF_DVC, "repro", "--keep-going")])
def test_a_dvc_at_work_is_found(start, tmp_path, words):
    assert waiting.at_work(tmp_path) is None
    process = start(*words)
    assert waiting.at_work(tmp_path) == process.pid
    process.kill()
    process.wait()
    assert waiting.at_work(tmp_path) is None


def test_what_does_something_else_is_not_waited_for(start, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    start("dvc", "status")
    start("git", "repro")
    start("dvc", "repro", folder=elsewhere)
    assert waiting.at_work(tmp_path) is None


def test_it_is_waited_for_and_named(start, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    process = start("dvc", "repro")
    naps = []

    def nap(_seconds):
        naps.append(1)
        if len(naps) == 3:
            process.kill()
            process.wait()

    monkeypatch.setattr(time, "sleep", nap)
    waiting.wait_for_dvc()
    assert len(naps) == 3
    said = capsys.readouterr().err.split("\n")
    assert said == [f"run: process {process.pid} (dvc repro) is at it already; waiting for it to end", ""]


def test_the_wait_has_an_end(start, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    process = start("dvc", "repro")
    with pytest.raises(
        LockedError, match=rf"^run: process {process.pid} \(dvc repro\) is still at it after 0 s\. Wait"
    ):
        waiting.wait_for_dvc(seconds=0.0)
