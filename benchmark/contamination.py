"""Whether a model was trained on the recordings that a task tests it on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from benchmark import registry
from benchmark.errors import UnknownNameError
from tasks.base import Task
from tasks.corpora import CORPORA, Corpus


def check_names(training_sets: Iterable[str], row: str) -> None:
    """Raises `UnknownNameError` at a training set that is no corpus by name; `row` is who declares it."""
    for declared in training_sets:
        if bare(declared) not in _known():
            raise UnknownNameError(
                f"training set (of {row!r})",
                bare(declared),
                _known(),
                "They stand in tasks/corpora.py; add the corpus there.",
            )


def bare(training_set: str) -> str:
    """The corpus of a training set: its name without the remark in brackets."""
    return training_set.partition(" (")[0].strip()


def shared(training_sets: Sequence[str], task: Task) -> tuple[str, ...]:
    """The training sets, as they are declared, that may hold recordings of the task's dataset; empty for a clean task.

    A training set counts when it is the task's corpus, holds it, is a part of it, or is known to share recordings
    with it. Which part of a corpus was trained on is not asked.
    """
    corpus = corpus_of(task.dataset)
    return tuple(declared for declared in training_sets if _meet(bare(declared), corpus))


def corpus_of(dataset: str) -> str:
    """The name of a dataset's corpus; its builder's own name where no corpus lists it."""
    builder, _ = registry.split_name(dataset)
    return next((corpus.name for corpus in CORPORA if builder in corpus.datasets), builder)


def _meet(one: str, other: str) -> bool:
    """Whether two corpora may hold the same recordings."""
    if one == other or one in _larger(other) or other in _larger(one):
        return True
    return any(b in _shares(a) or a in _shares(b) for a in {one, *_larger(one)} for b in {other, *_larger(other)})


def _larger(name: str) -> set[str]:
    """All corpora that hold all of one."""
    above = set(_corpora()[name].part_of) if name in _corpora() else set()
    return above | {higher for each in above for higher in _larger(each)}


def _shares(name: str) -> tuple[str, ...]:
    return _corpora()[name].shares_with if name in _corpora() else ()


@cache
def _corpora() -> dict[str, Corpus]:
    return {corpus.name: corpus for corpus in CORPORA}


def _known() -> list[str]:
    """Every name of a corpus: the listed ones, and datasets that are corpora of their own."""
    listed = {dataset for corpus in CORPORA for dataset in corpus.datasets}
    return sorted(_corpora().keys() | (set(registry.datasets()) - listed))
