"""Runs the checks over one embedder."""

from __future__ import annotations

from collections.abc import Callable

from benchmark.check.checks import CHECKS
from benchmark.check.report import Finding, Report
from benchmark.check.subject import Failed, NotApplicable, Subject
from benchmark.errors import ContractError
from embedders.base import Embedder


def check_embedder(
    make: Callable[[], Embedder],
    *,
    on_gpu: Callable[[], Embedder] | None = None,
    dataset: str = "check",
    long_seconds: float = 60.0,
) -> Report:
    """Try the whole contract on embedders made by `make`.

    `on_gpu` makes the same embedder on a CUDA device; give it where there is one, and `make` on the
    CPU. `dataset` is the name handed to `fit_statistics`. Nothing that the embedder raises leaves
    this function: it becomes the finding of the check that it happened in.
    """
    try:
        subject = Subject(make, on_gpu, dataset, long_seconds)
    except Exception as error:  # a stranger's code, here and below: anything it raises is a finding
        return Report((Finding("construction", False, _told(error), "an embedder", "Nothing else can be tried."),))
    findings: list[Finding] = []
    passed: set[str] = set()
    for check in CHECKS:
        if not passed.issuperset(check.needs):
            continue
        try:
            seen, success = check.run(subject), True
        except NotApplicable:
            continue
        except Exception as error:
            seen, success = _told(error), False
        if success:
            passed.add(check.name)
        findings.append(Finding(check.name, success, seen, check.expected, check.why))
    return Report(tuple(findings))


def _told(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, Failed | ContractError) else f"{type(error).__name__}: {said}"
