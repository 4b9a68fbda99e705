"""What the battery found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.errors import ContractError

NOT_MADE = "construction"  # the finding that no object could be made
ENDS = (".", "!", "?")  # of a sentence


def ended(text: str) -> str:
    """A text as a sentence or several, to which another can be added."""
    return text if text.endswith(ENDS) else f"{text}."


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `why` a failure poisons a benchmark, and how to `mend` it."""

    name: str
    passed: bool
    seen: str
    expected: str
    why: str
    mend: str = ""

    def __str__(self) -> str:
        if self.passed:
            return f"ok      {self.name}: {self.seen}"
        joint = " Expected" if self.seen.endswith(ENDS) else ", expected"  # a model may say whole sentences
        return f"FAILED  {self.name}: found {self.seen}{joint} {self.expected}. {self.why} {self.mend}".rstrip()


@dataclass(frozen=True)
class Skipped:
    """A check that was not tried, and why not."""

    name: str
    reason: str
    broken: str = ""  # the earlier failure that it waits for

    def __str__(self) -> str:
        return f"skipped {self.name}: {self.reason}"


def not_tried(skipped: Sequence[Skipped]) -> list[Skipped]:
    """What was not tried, for whoever reads: those that wait for an earlier check to be mended are named together."""
    waiting = [each.name for each in skipped if each.broken]
    mean = "means" if len(waiting) == 1 else "mean"
    together = [Skipped(", ".join(waiting), f"{mean} nothing before what failed is mended")] if waiting else []
    return [*(each for each in skipped if not each.broken), *together]


@dataclass(frozen=True)
class Report:
    """All findings; apart from them what was not tried: not claimed, or meaningless after an earlier failure."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(finding for finding in self.findings if not finding.passed)

    def raise_on_failure(self) -> None:
        """Raises `ContractError` with every failure, if there is one."""
        if not self.passed:
            raise ContractError("\n".join(str(finding) for finding in self.failures))

    def __str__(self) -> str:
        return "\n".join(str(each) for each in (*self.findings, *not_tried(self.skipped)))
