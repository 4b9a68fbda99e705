"""The report of `moodbench check` as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.check.report import Finding, not_tried
from benchmark.check.row import Checked
from benchmark.render.base import plain


def lines(checked: Checked) -> Iterator[str]:
    """One row: a heading, a line for each check, four for each that failed, then what the model costs."""
    if checked.state == "not run":
        yield f"{checked.name}: not run: {plain(checked.reason)}. {plain(checked.way_out)}".rstrip()
        return
    failed, tried = len(checked.report.failures), len(checked.report.findings)
    yield f"{checked.name}: {failed} of {tried} checks failed" if failed else f"{checked.name}: {tried} checks passed"
    for finding in checked.report.findings:
        yield from _failure(finding) if not finding.passed else [f"  ok       {finding.name}: {plain(finding.seen)}"]
    yield from (f"  skipped  {each.name}: {plain(each.reason)}" for each in not_tried(checked.report.skipped))
    yield from (f"  note     {plain(note)}" for note in checked.notes)
    yield f"  cost     {'; '.join(_cost(checked))}"


def summary(rows: Sequence[Checked]) -> str:
    """A line a row: its state, and which checks failed, or why it was not run; at last how many are of each state."""
    table = [("row", "state", "failed checks, or why not run"), *((row.name, row.state, _why(row)) for row in rows)]
    wide = [max(len(line[place]) for line in table) for place in (0, 1)]
    shown = [f"{name:<{wide[0]}}  {state:<{wide[1]}}  {why}".rstrip() for name, state, why in table]
    return "\n".join(["", *shown, "", _count(rows)])


def _why(row: Checked) -> str:
    return plain(row.reason) if row.state == "not run" else ", ".join(each.name for each in row.report.failures)


def _count(rows: Sequence[Checked]) -> str:
    parts = [f"{sum(row.state == 'ok' for row in rows)} of {len(rows)} rows keep the contract"]
    for state in ("failed", "not run"):
        if names := [row.name for row in rows if row.state == state]:
            parts.append(f"{state}: {', '.join(names)}")
    return "; ".join(parts)


def _failure(finding: Finding) -> list[str]:
    told = {"seen": finding.seen, "expected": finding.expected, "why": finding.why, "mend": finding.mend}
    return [
        f"  FAILED   {finding.name}",
        *(f"           {title + ':':<9} {plain(text)}" for title, text in told.items() if text),
    ]


def _cost(checked: Checked) -> Iterator[str]:
    made = checked.made
    if speed := made.get("speed"):
        seconds = max(speed["seconds"], 1e-6)
        each = speed["audio_seconds"] / speed["clips"]
        rate, real = speed["clips"] / seconds, speed["audio_seconds"] / seconds
        yield f"{rate:.3g} clips of {each:g} s a second ({real:.3g} times real time)"
    if made.get("parameters") is not None:
        yield f"{made['parameters']:,} parameters"
    if "peak_bytes" in made:
        yield f"at most {made['peak_bytes'] / 1e6:.0f} MB of memory"
    yield f"checked in {checked.seconds:.1f} s"
