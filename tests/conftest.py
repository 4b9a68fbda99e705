"""Fixtures that several test folders share."""

from __future__ import annotations

import io
import os
import re
import signal
import wave
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real archives and weights (`MOODBENCH_DATA`); the test is skipped where there is none."""
    folder = Path(os.environ.get("MOODBENCH_DATA") or ROOT.parent / "shared" / "data").resolve()
    if not (folder / "manual").is_dir():
        pytest.skip(f"no real data: set MOODBENCH_DATA to a folder with manual/ and weights/ (looked in {folder})")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests neither read nor fill the user's cache, and never go to the network."""
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "moodbench-cache"))
    monkeypatch.setenv("MOODBENCH_OFFLINE", "1")
    monkeypatch.delenv("COLUMNS", raising=False)  # some terminals and test runners set it; tables are read by line


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The command line, whose process ends with it, leaves SIGINT ignored; and some shells start us that way."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what we start inherits it
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


# -- a tiny corpus that the real engine builds, and a project folder of one's own ------------------

SPEAKERS = ("03", "08", "09", "10", "11")
EMOTIONS = "WLEAFTN"
RATE = 8000


def small_clip(speaker: int, emotion: int, take: int) -> NDArray[np.int16]:
    """A hum: the pitch follows the emotion (with slips), the loudness the speaker, the length all three."""
    count = 800 + 40 * ((speaker + 2 * emotion + 3 * take) % 7)
    time = np.arange(count) / RATE
    hum = np.sin(2 * np.pi * (150 + 25 * emotion + 20 * ((speaker * emotion + take) % 3)) * time + take)
    rough = np.sin(1.7 * np.arange(count) ** 1.3 + 5 * speaker + 3 * take)
    return np.rint((2000 + 1500 * speaker) * (hum + 0.2 * rough)).astype(np.int16)


def small_corpus() -> dict[str, bytes]:
    """Seventy wav members named as in EmoDB: five speakers, seven emotions, two takes."""
    members = {}
    for s, speaker in enumerate(SPEAKERS):
        for e, letter in enumerate(EMOTIONS):
            for take in (1, 2):
                content = io.BytesIO()
                with wave.open(content, "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(RATE)
                    file.writeframes(small_clip(s, e, take).astype("<i2").tobytes())
                members[f"wav/{speaker}a{e:02}{letter}{'ab'[take - 1]}.wav"] = content.getvalue()
    return members


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """A zip whose bytes depend on its members only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


@pytest.fixture(scope="session")
def small_members() -> dict[str, bytes]:
    return small_corpus()


@pytest.fixture(scope="session")
def pack() -> Callable[[Path, Mapping[str, bytes]], None]:
    return write_archive


@pytest.fixture
def manual(tmp_path: Path, small_members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manual folder of this test, with the tiny corpus in it as `download.zip`; nothing else is searched."""
    folder = tmp_path / "data" / "manual"
    write_archive(folder / "download.zip", small_members)
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "no-tfds"))
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project: every path that the engine writes to lies in this folder."""
    from benchmark import paths

    root = tmp_path / "project"
    results = {"MANIFESTS", "PLANS", "EMBEDDINGS", "FRAMES", "CELLS", "RUNS", "LEADERBOARD"}
    monkeypatch.setattr(paths, "PARAMS", root / "params.yaml")
    monkeypatch.setattr(paths, "RESULTS", root / "results")
    for name in results:
        monkeypatch.setattr(paths, name, root / "results" / name.lower())
    root.mkdir()
    return root


class InlineWorkers:
    """The interface of `benchmark.workers.Workers` in this very process; starting processes is tested once."""

    def __init__(self, count: int, setup: Callable[..., None] | None = None, *arguments: Any) -> None:
        self.count = count
        if setup is not None:
            setup(*arguments)

    def __enter__(self) -> InlineWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def in_order(self, function: Callable[[Any], Any], jobs: Iterable[Any], *, ahead: int = 2) -> Iterator[Any]:
        for job in jobs:
            yield job, function(job)


@pytest.fixture
def inline_workers(monkeypatch: pytest.MonkeyPatch) -> type[InlineWorkers]:
    """Extraction and evaluation without helper processes, which cost seconds to start."""
    from benchmark import isolation, spreading
    from benchmark.audit import scan
    from benchmark.stages import evaluate

    def run_here(function: Callable[..., None], *arguments: Any, told: Callable[[Any], None], **_: Any) -> None:
        with monkeypatch.context() as here:
            here.setattr(isolation, "_send", lambda message: told(message["news"]) if "news" in message else None)
            function(*arguments)

    monkeypatch.setattr(spreading, "Workers", InlineWorkers)
    monkeypatch.setattr(scan, "Workers", InlineWorkers)
    monkeypatch.setattr(evaluate, "Workers", InlineWorkers)
    monkeypatch.setattr(isolation, "run_apart", run_here)
    return InlineWorkers


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the fake embedders, importable by name (`small_embedders`), here and in helper processes."""
    folder = ROOT / "tests" / "fakes"
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def tiny(fakes: Path) -> Any:
    """The module `tiny_problem`: a scored task without audio."""
    return import_module("tiny_problem")


# -- faults: each is told in one line, and that line stands in docs/robustness.md -----------------

PAGE = ROOT / "docs" / "robustness.md"
PAGE_HEAD = """\
# Robustness

What moodbench says when something is wrong: what was done to it, the line it gave, the exit code. Every row is a
test; the tests write this page (`make robustness`) and fail when a line differs. A code in brackets is that of a
command that goes on with all else.
"""


def page_rows() -> dict[str, dict[str, tuple[str, str]]]:
    """The page as data: section -> what is wrong -> (line, exit code)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else ():
        if line.startswith("## "):
            found[line[3:]] = {}
        elif line.startswith("| ") and not line.startswith(("| what", "|---")):
            kind, said, code = (cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            found[list(found)[-1]][kind] = (said.strip("`"), code)
    return found


def write_page(rows: Mapping[str, Mapping[str, tuple[str, str]]]) -> None:
    text = PAGE_HEAD
    for section in sorted(rows):
        text += f"\n## {section}\n\n| what is wrong | what moodbench says | exit |\n|---|---|---|\n"
        for kind, (said, code) in sorted(rows[section].items()):
            text += f"| {kind} | `{said.replace('|', chr(92) + '|')}` | {code} |\n"
    fresh = PAGE.with_suffix(".partial")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(PAGE)


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it said on stderr."""

    code: int
    lines: list[str]

    def line(self, *parts: str) -> str:
        """The one line that holds all these parts."""
        found = [line for line in self.lines if all(part in line for part in parts)]
        assert len(found) == 1, f"expected one line with {parts}, found:\n" + "\n".join(self.lines)
        return found[0]


@pytest.fixture
def on_page(tmp_path: Path) -> Callable[..., None]:
    """`on_page(section, kind, line, code)` checks that docs/robustness.md says just this, or writes it there."""

    def check(section: str, kind: str, line: str, code: int, *, goes_on: bool = False) -> None:
        from filelock import FileLock

        from benchmark import paths

        assert "\n" not in line
        assert "Traceback" not in line
        said = paths.portable(line).replace(str(tmp_path), "…").replace("`", "'")
        said = re.sub(r"\((\w+\.py):\d+ in ", r"(\1:7 in ", said)  # a page does not move with the lines of a fake
        row = (said, f"({code})" if goes_on else str(code))
        if os.environ.get("MOODBENCH_WRITE_PAGE"):
            with FileLock(PAGE.with_suffix(".lock")):
                rows = page_rows()
                rows.setdefault(section, {})[kind] = row
                write_page(rows)
        else:
            assert page_rows().get(section, {}).get(kind) == row, "run 'make robustness' if the new line is better"

    return check


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """`tell("prepare")` runs a moodbench command in this process, as the command line does."""

    def run(*arguments: str) -> Told:
        from benchmark import cli

        monkeypatch.setattr("sys.argv", ["moodbench", *arguments])
        capfd.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Told(code, [line for line in capfd.readouterr().err.splitlines() if line.strip()])

    return run
