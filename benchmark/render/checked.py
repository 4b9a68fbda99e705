"""The report of `moodbench check` as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.check.report import Finding
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
    yield from (f"  skipped  {each.name}: {plain(each.reason)}" for each in checked.report.skipped if not each.broken)
    if waiting := [each.name for each in checked.report.skipped if each.broken]:
        yield f"  skipped  {', '.join(waiting)}: mean nothing before what failed is mended"
    yield from (f"  note     {plain(note)}" for note in checked.notes)
    yield f"  cost     {'; '.join(_cost(checked))}"


def summary(rows: Sequence[Checked]) -> str:
    """How many rows are well, failed or not run, the last two by name."""
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
