"""Group-disjoint train, validation and test parts by the rule that SERAB and TFDS share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np

from tfds_builders.common.errors import SourceError

PARTS = ("train", "validation", "test")
FRACTIONS = (0.6, 0.2, 0.2)


def speaker_parts(groups: Iterable[str], fractions: Sequence[float] = FRACTIONS) -> dict[str, list[str]]:
    """Shares groups out to the parts; every clip follows its group.

    The unique ids are sorted as strings and shuffled by the legacy `RandomState(0)`. A boundary is
    the cumulative float sum of the fractions times the number of groups, cut down to an integer.
    The truncated float sum is part of the rule: 0.7 + 0.1 of 91 speakers is 72, not 73.

    Args:
      groups: group id of each clip; repetitions do not matter.
      fractions: shares of train, validation and test.

    Returns:
      The group ids of each part, in shuffled order. A part may be empty when groups are few.

    Raises:
      SourceError: the fractions are not three positive shares of one.

    Source: Scheidwasser-Clow et al., SERAB, ICASSP 2022, and the `crema_d` and `savee` builders of TFDS.
    """
    if len(fractions) != len(PARTS) or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise SourceError(f"parts: found fractions {tuple(fractions)}, expected three positive shares that sum to 1")
    shuffled = sorted(set(groups))
    np.random.RandomState(0).shuffle(shuffled)  # the legacy generator is part of the rule
    train_end, validation_end = (int(bound * len(shuffled)) for bound in list(accumulate(fractions))[:2])
    return {
        "train": shuffled[:train_end],
        "validation": shuffled[train_end:validation_end],
        "test": shuffled[validation_end:],
    }
