"""The groups of the synthesised corpora carry nuisance: random folds flatter, grouped folds tell."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

RENDERERS = {"demo_speech": "voice", "demo_music": "piece"}
TARGETS = [("demo_speech", "emotion"), ("demo_music", "mood"), ("demo_music", "genre")]


def band_levels(samples, rate):
    """Mean and deviation over time of 32 log band levels: a fast feature, equal bands on a square-root scale."""
    size = round(0.032 * rate)
    windows = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size)
    power = np.abs(np.fft.rfft(windows)) ** 2
    places = np.unique((np.linspace(1, np.sqrt(power.shape[1]), 33)[:-1] ** 2).astype(int))
    bands = np.log(np.add.reduceat(power, places, axis=1) + 1e-7)
    return np.concatenate([bands.mean(axis=0), bands.std(axis=0)])


@pytest.fixture(scope="module")
def described():
    """Dataset -> recipes, groups and features of all clips, made when first asked for."""
    found = {}

    def describe(dataset):
        if dataset not in found:
            package = f"tfds_builders.{dataset}"
            recipe, renderer = import_module(f"{package}.recipe"), import_module(f"{package}.{RENDERERS[dataset]}")
            corpus = list(recipe.corpus())
            groups = [(r.speaker if dataset == "demo_speech" else r.artist).name for r in corpus]
            clips = (renderer.render(r, recipe.VERSION) / 32768.0 for r in corpus)
            found[dataset] = corpus, groups, np.array([band_levels(clip, renderer.RATE) for clip in clips])
        return found[dataset]

    return describe


def accuracy(vectors, labels, folds):
    # An RBF machine works by neighbours, so it gains most from a known voice or band. A linear head gains
    # less: on mood, with this coarse feature, about two points.
    model = make_pipeline(StandardScaler(), SVC(C=3.0))
    return float(np.mean(cross_val_predict(model, vectors, labels, cv=list(folds)) == np.array(labels)))


@pytest.mark.parametrize(("dataset", "target"), TARGETS)
def test_random_folds_flatter(described, dataset, target):
    corpus, groups, vectors = described(dataset)
    labels = [getattr(recipe, target) for recipe in corpus]
    grouped = accuracy(
        vectors, labels, StratifiedGroupKFold(3, shuffle=True, random_state=0).split(vectors, labels, groups)
    )
    random = accuracy(vectors, labels, StratifiedKFold(3, shuffle=True, random_state=0).split(vectors, labels))
    majority = max(Counter(labels).values()) / len(labels)
    assert random > grouped + 0.05
    assert majority + 0.1 < grouped < 0.95, "neither hopeless nor trivial"


@pytest.mark.parametrize(("dataset", "target"), TARGETS)
@pytest.mark.parametrize("folds", [3, 5])
def test_every_fold_holds_every_class(dataset, target, folds):
    corpus = list(import_module(f"tfds_builders.{dataset}.recipe").corpus())
    labels = np.array([getattr(recipe, target) for recipe in corpus])
    groups = [(r.speaker if dataset == "demo_speech" else r.artist).name for r in corpus]
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for train, test in splitter.split(labels, labels, groups):
        assert set(labels[train]) == set(labels[test]) == set(labels)
