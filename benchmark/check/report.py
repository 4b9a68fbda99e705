"""What the battery found."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.errors import ContractError


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    name: str
    passed: bool
    seen: str
    expected: str
    why: str

    def __str__(self) -> str:
        if self.passed:
            return f"ok      {self.name}: {self.seen}"
        return f"FAILED  {self.name}: found {self.seen}, expected {self.expected}. {self.why}"


@dataclass(frozen=True)
class Report:
    """All findings. A check that an earlier failure makes meaningless is left out."""

    findings: tuple[Finding, ...]

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
        return "\n".join(str(finding) for finding in self.findings)
