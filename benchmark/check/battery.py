"""Runs the checks over one embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmark.check import state
from benchmark.check.checks import CHECKS
from benchmark.check.report import NOT_MADE, Finding, Report, Skipped
from benchmark.check.subject import Failed, NotApplicable, Subject
from benchmark.errors import BenchmarkError, ContractError
from benchmark.model_errors import what_is_missing
from embedders.base import Embedder

RAISES_WHY = "A model that raises has no score, and loses the vectors of the whole dataset."
RAISES_MEND = "Mend what it raises, or declare what it cannot take (min_seconds, equal_length)."


def check_embedder(
    make: Callable[[], Embedder],
    *,
    on_gpu: Callable[[], Embedder] | None = None,
    dataset: str = "check",
    long_seconds: float = 60.0,
    thorough: bool = False,
) -> Report:
    """Try the whole contract on embedders made by `make`.

    `on_gpu` makes the same embedder on a CUDA device; give it where there is one, and `make` on the
    CPU. `dataset` is the name handed to `fit_statistics`; `thorough` also watches memory over some
    hundred clips. Nothing that the embedder raises leaves this function: it becomes the finding of
    the check that it happened in. State of the process that it changed is put back.
    """
    with state.kept():
        try:
            subject = Subject(
                make, on_gpu, dataset, long_seconds, thorough=thorough, no_gpu="no embedder on a GPU was given"
            )
        except Exception as error:  # a stranger's code: anything it raises is a finding
            return Report((not_made(error),))
        found = list(outcomes(subject))
    return Report(
        tuple(each for each in found if isinstance(each, Finding)),
        tuple(each for each in found if isinstance(each, Skipped)),
    )


def outcomes(
    subject: Subject, doing: Callable[[str], None] = lambda _: None, *, may_lack: bool = True
) -> Iterator[Finding | Skipped]:
    """Every check in its order, as it ends; `doing` is told of each that begins.

    Raises:
        Unavailable: unless `may_lack`, the embedder wants a package or weights that are not here.
    """
    passed: set[str] = set()
    for check in CHECKS:
        lacking = [name for name in check.needs if name not in passed]
        if lacking:
            yield Skipped(check.name, f"means nothing before {lacking[0]!r} is mended", lacking[0])
            continue
        doing(check.name)
        try:
            seen, success = check.run(subject), True
        except NotApplicable as reason:
            yield Skipped(check.name, str(reason))
            continue
        except Exception as error:  # a stranger's code, as above
            if not may_lack and (missing := what_is_missing(error)) is not None:
                raise missing from None
            if not isinstance(error, Failed | ContractError):
                yield Finding(check.name, False, _told(error), "an answer", RAISES_WHY, RAISES_MEND)
                continue
            seen, success = _told(error), False
        if success:
            passed.add(check.name)
        yield Finding(check.name, success, seen, check.expected, check.why, check.mend)


def not_made(error: Exception) -> Finding:
    """The finding that no object could be made."""
    return Finding(
        NOT_MADE,
        False,
        _told(error),
        "an embedder",
        "Nothing else can be tried.",
        "Mend kwargs and weights; let the constructor only keep what it is given.",
    )


def _told(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, Failed | BenchmarkError) else f"{type(error).__name__}: {said}"
