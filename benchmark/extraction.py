"""A dataset to stored vectors: batches of like length, resumable, past clips that a model cannot take.

Batches are a pure function of the manifest and the budget, so that a resumed run does the very
batches that are missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import audio
from benchmark.blame import Blame
from benchmark.construction import Construction
from benchmark.declared import fitted, require
from benchmark.embedding import MAX_CLIPS, training_clips
from benchmark.errors import ClipsError, ContractError, ProcessDiedError
from benchmark.manifest import Manifest
from benchmark.spreading import Reading, Spread
from benchmark.store import Writer
from embedders.base import Declared, Embedder

STICKY = "CUDA error"  # after it every call of the process fails, whatever the clip
SHARES = 128  # of work that is spread over cores: none takes much more of it at a time, so that all end together


@dataclass(frozen=True)
class Batch:
    """Rows of the manifest that are embedded together."""

    rows: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """What an extraction did on this machine; never part of a result."""

    clips: int
    reused: int
    padded: int
    seconds: float
    audio_seconds: float
    costs: tuple[dict[str, Any], ...] = ()  # of each process that held the model on a GPU, see `cost.of`


def plan_batches(
    manifest: Manifest, *, rate: int, budget_seconds: float, equal_length: bool, shares: int = 0
) -> list[Batch]:
    """Rows sorted by length, cut so that the padded batch stays within `budget_seconds` of audio.

    With `shares`, nor does one take more than one of so many parts of all audio; but two clips it may have, for
    a clip that goes wrong in company is tried again alone. Long batches come first: what does not fit in memory
    shows at once.
    """
    lengths = [audio.resampled_length(clip["samples"], clip["rate"], rate) for clip in manifest.clips]
    budget = budget_seconds * rate
    if shares and lengths:
        budget = min(budget, max(sum(lengths) / shares, 2 * max(lengths)))
    batches: list[Batch] = []
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda r: (-lengths[r], r)):
        longest = lengths[rows[0]] if rows else 0
        full = bool(rows) and ((len(rows) + 1) * longest > budget or len(rows) >= MAX_CLIPS)
        differs = bool(rows) and equal_length and lengths[row] != longest
        if full or differs:
            batches.append(Batch(tuple(rows)))
            rows = []
        rows.append(row)
    if rows:
        batches.append(Batch(tuple(rows)))
    return batches


def extract(
    construction: Construction | Embedder,
    manifest: Manifest,
    prepared: Path,
    folder: Path,
    *,
    fingerprint: str,
    workers: int,
    budget_seconds: float,
    record: Mapping[str, Any],
    advance: Callable[[int, float], None],
    trying: Callable[[Sequence[str]], None] = lambda _names: None,
    blame: Blame | None = None,
    made: Embedder | None = None,
) -> Summary:
    """Embed every clip of a dataset into the store at `folder`, going on where a killed run stopped.

    `construction` may also be an embedder itself (from Python), which then runs in this process.
    `advance(clips, audio seconds)` is called after each batch, `trying` with the clips under way before it.
    `blame` holds what an earlier process, which died, has found out about clips. `made` is what `construction` has
    made in this process, where it has.

    Raises:
        ClipsError: some clips cannot be embedded; all others are done, or so many cannot that it gave up.
        ContractError: the embedder raised, or answered what the contract forbids.
    """
    begun = time.monotonic()
    if made is None:
        made = construction.make() if isinstance(construction, Construction) else construction
    embedder = made
    require(embedder)
    declared, rate = Declared.of(embedder), int(embedder.sample_rate)
    batches = plan_batches(
        manifest,
        rate=rate,
        budget_seconds=budget_seconds,
        equal_length=declared.equal_length,
        shares=SHARES if declared.in_workers else 0,
    )
    writer = Writer(
        folder, fingerprint=fingerprint, clips=len(manifest.clips), dim=int(embedder.dim), batching=str(budget_seconds)
    )
    seconds = [clip["samples"] / clip["rate"] for clip in manifest.clips]
    reused = np.flatnonzero(writer.done)
    advance(len(reused), sum(seconds[row] for row in reused))
    statistics = fitted(embedder, training_clips(manifest, prepared, rate), manifest.dataset)
    spread = Spread(embedder, construction if isinstance(construction, Construction) else None, workers, budget_seconds)
    work = _Work(spread, manifest, str(prepared), rate, writer, advance, trying, blame or Blame())
    work.go_through(batches)
    padded = sum(bool(duration < declared.min_seconds) for duration in seconds)
    writer.finish(
        {
            **record,
            "dataset": manifest.dataset,
            "variant": manifest.variant,
            "clips_fingerprint": manifest.clips_fingerprint,
            "sample_rate": rate,
            "padded_clips": padded,
            "statistics": statistics,
        }
    )
    return Summary(
        clips=len(seconds),
        reused=len(reused),
        padded=padded,
        seconds=time.monotonic() - begun,
        audio_seconds=float(sum(seconds)),
        costs=tuple(spread.costs),
    )


@dataclass(frozen=True)
class _Work:
    """One dataset under way."""

    spread: Spread
    manifest: Manifest
    prepared: str
    rate: int
    writer: Writer
    advance: Callable[[int, float], None]
    trying: Callable[[Sequence[str]], None]
    blame: Blame

    def go_through(self, batches: Sequence[Batch]) -> None:
        """Embed what is missing, suspects alone and the rest in batches, until only bad clips are left."""
        names = [str(clip["id"]) for clip in self.manifest.clips]
        rows = {name: row for row, name in enumerate(names)}
        lengths = {name: clip["samples"] / clip["rate"] for name, clip in zip(names, self.manifest.clips, strict=True)}
        while True:
            done = self.writer.done
            self.blame.forget(name for name, row in rows.items() if done[row])
            missing = {name for name, row in rows.items() if not done[row] and name not in self.blame.bad}
            # short ones first: they tell soonest whether the model takes any clip at all
            alone = [[name] for name in sorted(missing.intersection(self.blame.suspects), key=lengths.__getitem__)]
            together = [[names[row] for row in batch.rows if names[row] in missing] for batch in batches]
            groups = alone or [each for each in together if each]
            if not groups:
                break
            self._embed(groups, rows, alone=bool(alone))
        if self.blame.bad:
            self._refuse()

    def _embed(self, groups: Sequence[Sequence[str]], rows: Mapping[str, int], *, alone: bool) -> None:
        """Embed groups of clips, up to the first that goes wrong; that one is blamed."""
        under_way: list[Sequence[str]] = []

        def begin(names: Sequence[str]) -> None:
            under_way.append(names)
            self.trying([name for each in under_way for name in each])

        jobs: list[Reading] = [(self.prepared, self.rate, names) for names in groups]
        try:
            for names, vectors in zip(groups, self.spread.answers(jobs, begin, alone=alone), strict=True):
                self._keep(names, vectors, rows)
                under_way.remove(names)
                self.trying([name for each in under_way for name in each])
            return
        except ProcessDiedError as error:
            if error.outside:
                raise
            self.blame.ended([name for each in under_way for name in each], error)
        except ContractError as error:
            if not under_way or STICKY in str(error) or isinstance(error.__cause__, ImportError):
                raise
            self.blame.raised(under_way[0], str(error))  # answers come in order
        if self.blame.gives_up(int(self.writer.done.sum())):
            self._refuse()

    def _keep(self, names: Sequence[str], vectors: Any, rows: Mapping[str, int]) -> None:
        own = [rows[name] for name in names]
        self.writer.put(own, vectors)
        clips = [self.manifest.clips[row] for row in own]
        self.advance(len(own), sum(clip["samples"] / clip["rate"] for clip in clips))

    def _refuse(self) -> None:
        done = int(self.writer.done.sum())
        sentence = self.blame.sentence(done, len(self.manifest.clips))
        raise ClipsError(sentence) if done else ContractError(sentence)
