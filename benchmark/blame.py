"""Which clips a model cannot take: found by trying those of a batch that went wrong one by one.

A batch that raises, or under which the model's process dies or hangs, makes its clips suspects. What fails alone is
bad: it is named at the end, and costs no other clip. A model that takes no clip at all is given up soon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmark.errors import ProcessDiedError

MOST_BAD = 3  # clips of a dataset; more, and it is the model
MOST_BAD_AT_FIRST = 1  # as long as none was embedded
MOST_ENDS = 3  # of the process, under batches of several clips: beyond it memory leaks, or the machine is at fault


@dataclass
class Blame:
    """Of one embedder on one dataset, by clip id; picklable, for it outlives the process that embeds."""

    suspects: list[str] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)  # what each says alone
    first: str = ""  # what was said first: the words for a model that takes no clip
    ends: int = 0

    def raised(self, names: Sequence[str], said: str) -> None:
        """The model raised, or broke the contract, on these clips."""
        self._add(names, said, said)

    def ended(self, names: Sequence[str], error: ProcessDiedError) -> None:
        """The process ended while it was on these clips."""
        self._add(names, str(error), error.how)
        self.ends += len(names) != 1

    def _add(self, names: Sequence[str], first: str, said: str) -> None:
        self.first = self.first or first
        if len(names) == 1:
            self.bad[names[0]] = said
        else:
            self.suspects += [name for name in names if name not in self.suspects]

    def forget(self, done: Iterable[str]) -> None:
        """What is done was not at fault, whatever it looked like."""
        for name in done:
            self.bad.pop(name, None)

    def gives_up(self, done: int) -> bool:
        """Whether to try no further, after `done` clips were embedded."""
        return self.ends > MOST_ENDS or len(self.bad) > (MOST_BAD if done else MOST_BAD_AT_FIRST)

    def sentence(self, done: int, clips: int) -> str:
        """What is to be said in the end, of a dataset of `clips` clips."""
        if not done or self.ends > MOST_ENDS or not self.bad:
            return self.first
        at_least = "at least " if self.gives_up(done) else ""
        name, said = next(iter(self.bad.items()))
        others = "" if len(self.bad) == 1 else f"{', '.join(map(repr, self.bad))}. "
        return (
            f"{at_least}{len(self.bad)} of {clips} clips cannot be embedded, {done} are done and kept: {others}"
            f"{said if name in said else f'{name!r}: {said}'}"
        )
