"""Batches to vectors, in order: in this process, in a worker a core, or in a process a GPU.

Reading is ahead of the model in each: in helper processes, or in the workers themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import cost, gpus
from benchmark.construction import Construction
from benchmark.embedding import embed_clips
from benchmark.errors import ContractError
from benchmark.native import one_thread
from benchmark.reader import read_batch
from benchmark.workers import Workers
from embedders.base import Clip, Declared, Embedder, FittedEmbedder

Reading = tuple[str, int, Sequence[str]]  # prepared folder, rate in Hz, clip ids
Begin = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Spread:
    """One embedder, and where it computes."""

    embedder: Embedder
    construction: Construction | None  # None for one from Python, which stays in this process
    workers: int
    budget_seconds: float
    costs: list[dict[str, Any]] = field(default_factory=list)  # what models that compute on GPUs elsewhere tell of them

    def answers(self, jobs: Iterable[Reading], begin: Begin, *, alone: bool = False) -> Iterator[NDArray[np.float32]]:
        """The vectors of each job, shape (clips, dim), in order; `begin` gets its clips as the model does.

        With `alone`, no job begins before the last one has ended.

        Raises:
            ContractError: the embedder raised or broke the contract.
            ProcessDiedError: a helper process died.
        """
        in_workers = Declared.of(self.embedder).in_workers
        if in_workers and self.construction is not None and self.workers > 1:
            yield from self._in_workers(jobs, begin, alone)
        elif len(devices := self._gpus()) > 1:
            yield from self._on_gpus(jobs, begin, devices[:1] if alone else devices, ahead=1 if alone else 2)
        else:
            with one_thread() if in_workers else nullcontext(), Workers(self.workers) as readers:
                for (_, _, names), clips in readers.in_order(read_batch, jobs):
                    begin(names)
                    yield embed_clips(self.embedder, clips, names, budget_seconds=self.budget_seconds)

    def _in_workers(self, jobs: Iterable[Reading], begin: Begin, alone: bool) -> Iterator[NDArray[np.float32]]:
        begun = (_beginning(job, begin) for job in jobs)
        with Workers(1 if alone else self.workers, _set_up, self._parcel(), self.budget_seconds, None) as models:
            for _, vectors in models.in_order(_read_and_embed, begun, ahead=1 if alone else 2):
                yield vectors

    def _on_gpus(
        self, jobs: Iterable[Reading], begin: Begin, devices: Sequence[str], ahead: int
    ) -> Iterator[NDArray[np.float32]]:
        making = self.construction
        assert making is not None
        free = multiprocessing.get_context("spawn").SimpleQueue()
        for device in devices:
            free.put(device)
        parcel = self._parcel()
        with (
            Workers(self.workers) as readers,
            Workers(len(devices), _set_up, parcel, self.budget_seconds, free) as models,
        ):
            read = ((clips, _beginning(job, begin)[2]) for job, clips in readers.in_order(read_batch, jobs))
            for _, vectors in models.in_order(_embed, read, ahead=ahead):
                yield vectors
            self.costs.extend(costs for _, costs in models.in_order(_costs, [making.device] * len(devices)))

    def _gpus(self) -> list[str]:
        """Those over which the work is spread: only a model that is told its device can be told another."""
        making = self.construction
        if making is None or making.device == "cpu" or not making.takes_device():
            return []
        return gpus.visible()

    def _parcel(self) -> Construction | bytes:
        """What another process makes the embedder from: a fitted one travels with its statistics."""
        if not isinstance(self.embedder, FittedEmbedder):
            assert self.construction is not None
            return self.construction
        try:
            return pickle.dumps(self.embedder)
        except Exception as error:
            raise ContractError(
                "an embedder that is fitted to a dataset and runs in several processes must be picklable after "
                f"fit_statistics; found {type(error).__name__}: {error}. Load what cannot be pickled at the first "
                "embed."
            ) from error


def _beginning(job: Reading, begin: Begin) -> Reading:
    begin(job[2])
    return job


_embedder: Embedder | None = None  # of a helper process
_alone_on_its_core = ExitStack()  # a helper process that is one of a worker a core
_budget_seconds = 0.0


def _set_up(parcel: Construction | bytes, budget_seconds: float, free: Any) -> None:
    global _embedder, _budget_seconds
    if free is not None:
        os.environ[gpus.VISIBLE] = free.get()  # before a framework looks
    else:
        _alone_on_its_core.enter_context(one_thread())
    _embedder = pickle.loads(parcel) if isinstance(parcel, bytes) else parcel.make()
    _budget_seconds = budget_seconds


def _read_and_embed(job: Reading) -> NDArray[np.float32]:
    return _embed((read_batch(job), job[2]))


def _embed(job: tuple[Sequence[Clip], Sequence[str]]) -> NDArray[np.float32]:
    assert _embedder is not None
    return embed_clips(_embedder, *job, budget_seconds=_budget_seconds)


def _costs(device: str) -> dict[str, Any]:
    return cost.of(_embedder, device)
