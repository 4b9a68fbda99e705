"""Runs the checks over one embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmark.check import state
from benchmark.check.checks import CHECKS, Check
from benchmark.check.report import NOT_MADE, Finding, Report, Skipped
from benchmark.check.subject import Failed, NotApplicable, Subject
from benchmark.errors import AnswerError, BenchmarkError
from benchmark.model_errors import place, text, what_is_missing
from embedders.base import Embedder

RAISES_WHY = "A model that raises has no score, and loses the vectors of the whole dataset."
RAISES_MEND = (
    "Mend what it raises, or declare what it cannot take: clips below min_seconds, above window_seconds, or of several "
    "lengths (equal_length)."
)
ENDS_EXPECTED = "an answer or an exception"
ENDS_WHY = "A row whose process ends has no score, and takes hours of other clips with it."
ENDS_MEND = "Raise an exception where the model cannot."


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
    hundred clips. No exception of the embedder leaves this function, nor does its `sys.exit`: it becomes the
    finding of the check that it happened in. State of the process that it changed is put back.
    """
    with state.kept():
        try:
            subject = Subject(
                make, on_gpu, dataset, long_seconds, thorough=thorough, no_gpu="no embedder on a GPU was given"
            )
        except (Exception, SystemExit) as error:  # a stranger's code: anything it raises is a finding
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
            seen = check.run(subject)
        except NotApplicable as reason:
            yield Skipped(check.name, str(reason))
        except (Exception, SystemExit) as error:  # a stranger's code, as above
            if not may_lack and (missing := what_is_missing(error)) is not None:
                raise missing from None
            yield _failure(check, error)
        else:
            passed.add(check.name)
            yield Finding(check.name, True, seen, check.expected, check.why, check.mend)


def _failure(check: Check, error: BaseException) -> Finding:
    """The finding of what went wrong, which need not be what the check looks for: then the reason is another's."""
    if isinstance(error, Failed):
        return Finding(check.name, False, _told(error), check.expected, check.why, check.mend)
    if isinstance(error, AnswerError):
        own = check.breach == error.breach
        why = check.why if own else next(each.why for each in CHECKS if each.name == error.breach)
        return Finding(check.name, False, error.found, error.expected, why, check.mend if own else error.way_out)
    if isinstance(error, SystemExit):
        return Finding(check.name, False, _told(error), ENDS_EXPECTED, ENDS_WHY, ENDS_MEND)
    return Finding(check.name, False, _told(error), "an answer", RAISES_WHY, RAISES_MEND)


def not_made(error: BaseException) -> Finding:
    """The finding that no object could be made."""
    return Finding(
        NOT_MADE,
        False,
        _told(error),
        "an embedder",
        "Nothing else can be tried.",
        "Mend kwargs and weights; let the constructor only keep what it is given.",
    )


def _told(error: BaseException) -> str:
    if isinstance(error, Failed | BenchmarkError):
        return " ".join(str(error).split())
    return f"{text(error)}{place(error)}"
