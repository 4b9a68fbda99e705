"""The one family of errors that moodbench raises on purpose.

Every message says what was found, what was expected and the way out, because it is all that a
person sees: the command line catches `BenchmarkError` once and prints the message without a trace.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

MOST_LISTED = 30  # known names in a message; beyond it the near ones must do


class BenchmarkError(Exception):
    """Something that the user can mend; exit code 2."""

    def __reduce__(self) -> tuple[Any, ...]:  # by default it is made anew from its message alone, where more is wanted
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[BenchmarkError], said: tuple[object, ...], held: dict[str, Any]) -> BenchmarkError:
    error = kind.__new__(kind, *said)
    error.__dict__.update(held)
    return error


class ParamsError(BenchmarkError):
    """params.yaml (or a command line value) is not what the schema wants."""


class UnknownNameError(BenchmarkError):
    """A name that no registry holds."""

    def __init__(self, kind: str, name: str, known: Iterable[str], way_out: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        listed = f"Known: {', '.join(names)}" if len(names) <= MOST_LISTED else f"{len(names)} are known"
        listing = f" {listed}." if names else ""
        super().__init__(f"unknown {kind} {name!r}.{hint}{listing}{' ' + way_out if way_out else ''}")
        self.kind, self.name = kind, name


class Unavailable(BenchmarkError):  # noqa: N818 - a state, not a failure
    """Weights, an archive or an extra is not here: the row is *not run*, which breaks nothing."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(f"{what}. {way_out}")
        self.what, self.way_out = what, way_out


class DatasetError(BenchmarkError):
    """An archive, a clip or a manifest is not what its builder expects."""


class SplitError(BenchmarkError):
    """A group crosses parts, or the folds that a task wants cannot be made."""


class WeightsError(BenchmarkError):
    """A weights file is not the declared one, or cannot be loaded safely."""


class ContractError(BenchmarkError):
    """An embedder answered something that the contract forbids."""


class AnswerError(ContractError):
    """An answer that the contract forbids; `breach` is the name of the check that looks for its kind."""

    def __init__(self, where: str, breach: str, found: str, expected: str, way_out: str) -> None:
        super().__init__(f"{where}: found {found}, expected {expected}. {way_out}")
        self.breach, self.found, self.expected, self.way_out = breach, found, expected, way_out


class ClipsError(ContractError):
    """A few clips of a dataset cannot be embedded, though others can."""


class ProcessDiedError(BenchmarkError):
    """A helper process, or one that ran apart, died or was ended for hanging; `how` says it without its name."""

    def __init__(self, who: str, how: str, *, outside: bool = False) -> None:
        super().__init__(f"{who} {how}")
        self.how, self.outside = how, outside  # outside: somebody ended it on purpose


class CellError(BenchmarkError):
    """A stored cell is truncated, foreign, or its figures do not follow from its predictions."""


class StoreError(BenchmarkError):
    """Stored vectors are foreign, truncated or of another fingerprint."""


class LockedError(BenchmarkError):
    """Another process works on the same thing."""
