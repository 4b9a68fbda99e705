"""`moodbench check`: the battery over rows, each in a process of its own, whatever becomes of it there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from benchmark import embedder_spec, entry_points, isolation, params
from benchmark.check import apart
from benchmark.check.battery import ENDS_EXPECTED, ENDS_MEND, ENDS_WHY
from benchmark.check.report import Finding, Report, Skipped
from benchmark.check.subject import relative_difference
from benchmark.construction import Construction
from benchmark.embedder_spec import EmbedderSpec
from benchmark.errors import BenchmarkError, Unavailable, UnknownNameError
from benchmark.params import EmbedderEntry

_NO_ENTRY = "Nothing else can be tried."
_DEATHS = {  # by a phase: what is expected, how it is mended
    "import": (
        "a module that can be imported",
        "Import only what is installed; load files and licences at the first embed.",
    ),
    "construction": ("an embedder", "Let the constructor only keep what it is given; load at the first embed."),
}


@dataclass(frozen=True)
class Checked:
    """What came of one row: its report, or why it cannot run here."""

    name: str
    state: Literal["ok", "failed", "not run"]
    report: Report = field(default_factory=lambda: Report(()))
    reason: str = ""
    way_out: str = ""
    notes: tuple[str, ...] = ()
    made: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def known_rows() -> dict[str, EmbedderEntry]:
    """The rows of params.yaml, then those of the catalogue and of installed packages that it does not name."""
    chosen = params.load().embedders
    return {**chosen, **{name: EmbedderEntry() for name in sorted(entry_points.names() - chosen.keys())}}


def chosen_rows(names: Sequence[str]) -> dict[str, EmbedderEntry]:
    """The entries of these rows; of all where none is named.

    Raises:
        UnknownNameError: params.yaml, the catalogue and the installed packages do not have the name.
    """
    known = known_rows()
    for name in names:
        if name not in known:
            raise UnknownNameError("embedder", name, known, "For a model of your own, add an entry to params.yaml.")
    return {name: known[name] for name in dict.fromkeys(names or known)}


def check_row(name: str, entry: EmbedderEntry, *, patience: float, thorough: bool, fetch: bool) -> Checked:
    """Try one row. Nothing that its model does leaves this function, but for what it does to the disk."""
    begun = time.monotonic()
    try:
        spec = embedder_spec.resolve(name, entry)
        making = embedder_spec.construction_here(spec, "cpu", fetch=fetch)
        embedder_spec.find_checkpoint(spec, fetch=fetch)
    except Unavailable as error:
        return Checked(name, "not run", reason=error.what, way_out=error.way_out)
    except BenchmarkError as error:
        return Checked(name, "failed", Report((_fatal("entry", str(error)),)))
    heard = _Heard(name)
    try:
        _run(apart.battery_and_cost, making, thorough, heard=heard, patience=patience)
        _second_process(making, heard, patience)
    except Unavailable as error:
        return Checked(name, "not run", reason=error.what, way_out=error.way_out)
    _compare_with_catalogue(spec, heard)
    report = Report(tuple(heard.findings), tuple(heard.skipped))
    state: Literal["ok", "failed"] = "ok" if report.passed else "failed"
    taken = time.monotonic() - begun
    return Checked(name, state, report, notes=tuple(heard.notes), made=heard.made, seconds=taken)


@dataclass
class _Heard:
    """What a process has told so far; its text says whose it is and what it was doing."""

    name: str
    phase: str = "import"  # its start, which takes a second, counts as that
    findings: list[Finding] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)
    vectors: Any = None

    def __str__(self) -> str:
        return f"{self.name}, {self.phase}"

    def take(self, news: dict[str, Any]) -> None:
        self.phase = news.get("doing", self.phase)
        if "finding" in news:
            self.findings.append(Finding(**news["finding"]))
        if "skipped" in news:
            self.skipped.append(Skipped(**news["skipped"]))
        if "note" in news:
            self.notes.append(news["note"])
        self.made |= news.get("made", {})
        self.vectors = news.get("vectors", self.vectors)


def _run(function: Any, *arguments: Any, heard: _Heard, patience: float) -> None:
    """Run apart; an error, a death or a hanging becomes the finding of what was under way."""
    try:
        isolation.run_apart(
            function,
            *arguments,
            quiet_seconds=patience,
            doing=heard,
            told=heard.take,
            awaited="finished check",
            command="moodbench check",
        )
    except Unavailable:
        raise
    except BenchmarkError as error:
        heard.findings.append(_fatal(heard.phase, str(error).removeprefix(f"{heard}: ")))


def _fatal(phase: str, seen: str) -> Finding:
    expected, mend = _DEATHS.get(phase, (ENDS_EXPECTED, ENDS_MEND))
    if phase == "entry":
        return Finding(phase, False, seen.rstrip("."), "an entry that can be resolved", _NO_ENTRY)
    return Finding(phase, False, seen.rstrip("."), expected, ENDS_WHY, mend)


def _second_process(making: Construction, heard: _Heard, patience: float) -> None:
    """The same vectors from another process: what hangs on hashes, addresses or the time differs there."""
    if "vectors" not in heard.made:
        heard.skipped.append(Skipped("processes", "means nothing before 'deterministic' is mended", "deterministic"))
        return
    _run(apart.vectors, making, heard=heard, patience=patience)
    if heard.vectors is None:
        return
    one, other = (np.array(rows, np.float32) for rows in (heard.made.pop("vectors"), heard.vectors))
    difference = relative_difference(other, one) if one.shape == other.shape else np.inf
    heard.findings.append(
        Finding(
            "processes",
            difference <= heard.made["tolerance"],
            f"largest difference {difference:.2g}" if np.isfinite(difference) else f"shapes {one.shape}, {other.shape}",
            "the same vectors within the declared tolerance from two processes",
            "Every run is a process of its own: vectors of a resumed run would not fit those of the first.",
            "Sort sets before use, and draw nothing from hash(), id() or the time.",
        )
    )


def _compare_with_catalogue(spec: EmbedderSpec, heard: _Heard) -> None:
    """What the catalogue says of a row must be so; its count of parameters is only told beside the counted ones."""
    listed = spec.listed
    if listed is None or "dim" not in heard.made:
        return
    wrong = [
        f"{name} {heard.made[name]}, {getattr(listed, name)} in the catalogue"
        for name in ("dim", "sample_rate")
        if heard.made[name] != getattr(listed, name)
    ]
    heard.findings.append(
        Finding(
            "catalogue",
            not wrong,
            "; ".join(wrong) or "dim and sample_rate as listed",
            "what the catalogue says",
            "Tables print the catalogue's numbers.",
            "Correct the entry in embedders/.",
        )
    )
    counted = heard.made.get("parameters")
    if counted is not None and counted != listed.parameters:
        heard.notes.append(f"{counted:,} parameters counted in its networks, {listed.parameters:,} in the catalogue")
