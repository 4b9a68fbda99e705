"""The trees of a random forest, grown by scikit-learn's own builder without its layers above.

On a few hundred clips most of a forest's time goes into checking arguments anew for every tree. Here
seeds and bootstrap samples are drawn as `RandomForestClassifier` draws them and handed straight to the
compiled builder. That builder is no public interface: `as_scikit_learn` compares whole forests bit for
bit once a process, and where they differ in any way the callers use scikit-learn's forests instead,
which answer the same and take longer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]

NO_LIMIT = int(np.iinfo(np.int32).max)


class Nursery:
    """Seeds and bootstrap samples of a forest's trees; `X` (n, d), `y` (n,) class positions 0 … K-1."""

    def __init__(
        self, X: NDArray[np.floating], y: NDArray[np.integer], *, count: int, balanced: bool, seed: int
    ) -> None:
        self.count = count
        self.classes = int(y.max()) + 1
        self._X = np.ascontiguousarray(X, dtype=np.float32)
        self._y = np.ascontiguousarray(y, dtype=np.float64)[:, None]
        n = len(y)
        share = None
        if balanced:
            weight = (n / (self.classes * np.bincount(y)))[y]
            share = weight / np.sum(weight)
        draw = np.random.RandomState(seed)
        self._seeds = [draw.randint(NO_LIMIT) for _ in range(count)]
        self._samples = [self._bootstrap(seed, n, share) for seed in self._seeds]

    @staticmethod
    def _bootstrap(seed: int, n: int, share: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """How often each row is drawn."""
        draw = np.random.RandomState(seed)
        rows = draw.randint(0, n, n) if share is None else draw.choice(n, n, replace=True, p=share)
        return np.bincount(rows, minlength=n).astype(np.float64)

    def grow(self, position: int, min_samples_split: int, max_depth: int) -> Any:
        """Tree number `position`: an object with `max_depth` and `predict(float32 rows)` -> class shares (m, K)."""
        from sklearn.tree._criterion import Gini
        from sklearn.tree._splitter import BestSplitter
        from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

        d = self._X.shape[1]
        sizes = np.array([self.classes], dtype=np.intp)
        features = max(1, int(np.sqrt(d)))
        splitter = BestSplitter(Gini(1, sizes), features, 1, 0.0, np.random.RandomState(self._seeds[position]), None)
        tree = Tree(d, sizes, 1)
        builder = DepthFirstTreeBuilder(splitter, min_samples_split, 1, 0.0, max_depth, 0.0)
        builder.build(tree, self._X, self._y, self._samples[position], None)
        return tree


@lru_cache(maxsize=1)
def as_scikit_learn() -> bool:
    """Whether trees grown here equal those of this scikit-learn's forests in every node."""
    from sklearn.ensemble import RandomForestClassifier

    draw = np.random.RandomState(0)
    X = draw.standard_normal((60, 12)).astype(np.float32)
    y = draw.randint(0, 3, 60) % (1 + np.arange(60) % 3)  # uneven classes
    try:
        for balanced in (False, True):
            for depth in (3, None):
                nursery = Nursery(X, y, count=4, balanced=balanced, seed=7)
                forest = RandomForestClassifier(
                    4,
                    max_depth=depth,
                    min_samples_split=5,
                    class_weight="balanced" if balanced else None,
                    random_state=7,
                ).fit(X, y)
                for position, known in enumerate(forest.estimators_):
                    own = nursery.grow(position, 5, depth or NO_LIMIT).__getstate__()
                    for key, value in known.tree_.__getstate__().items():
                        if not np.array_equal(own[key], value):
                            return False
    except (ImportError, AttributeError, TypeError, KeyError, ValueError):  # another version's builder
        return False
    return True
