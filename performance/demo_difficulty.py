"""How hard are the synthesised corpora? Grouped against random folds for log-mel statistics and openSMILE.

Run from the repository root: `python performance/demo_difficulty.py [demo_speech] [demo_music]`. Prints a
Markdown table a corpus: accuracy over three folds (seed 0) with features standardised on the training
part, default heads, chance being the majority class. Nothing here is a leaderboard figure.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable

import numpy as np
import opensmile
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

TARGETS = {
    "demo_speech": ("voice", "speaker", {"emotion": lambda recipe: recipe.emotion}),
    "demo_music": ("piece", "artist", {"mood": lambda recipe: recipe.mood, "genre": lambda recipe: recipe.genre}),
}
HEADS = {
    "svc": lambda: SVC(C=3.0),
    "lr": lambda: LogisticRegression(C=0.1, max_iter=2000),
    "lda": lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
}
Feature = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def logmel_statistics(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Mean and standard deviation over time of 64 log-mel bands, shape (128,); 25 ms windows every 10 ms."""
    size, hop, bins = round(0.025 * rate), round(0.010 * rate), 1024
    starts = np.arange(0, len(samples) - size + 1, hop)
    power = np.abs(np.fft.rfft(samples[starts[:, None] + np.arange(size)] * np.hanning(size), bins)) ** 2
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 1400), 66) / 2595) - 1)
    hertz = np.fft.rfftfreq(bins, 1 / rate)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    bands = np.log(power @ np.maximum(0, np.minimum(rising, falling)).T + 1e-8)
    return np.concatenate([bands.mean(axis=0), bands.std(axis=0)])


def smile(feature_set: opensmile.FeatureSet) -> Feature:
    """openSMILE functionals of one clip as a function of samples and rate."""
    extractor = opensmile.Smile(feature_set, opensmile.FeatureLevel.Functionals)
    return lambda samples, rate: extractor.process_signal(samples.astype(np.float32), rate).to_numpy()[0]


def accuracy(vectors: NDArray[np.float64], labels: list[str], groups: list[str], head: str, *, grouped: bool) -> float:
    """Pooled out-of-fold accuracy over three folds, by group or at random."""
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    model = make_pipeline(StandardScaler(), HEADS[head]())
    folds = kind(3, shuffle=True, random_state=0)
    if head == "lda" and vectors.shape[1] > 1000:  # a covariance of this size costs minutes and tells no more
        return float("nan")
    predicted = cross_val_predict(model, vectors, labels, groups=groups, cv=folds)
    return float(np.mean(predicted == np.asarray(labels)))


def measure(dataset: str, features: dict[str, Feature]) -> None:
    """Render a corpus, describe it with every feature, print its table."""
    module, group, targets = TARGETS[dataset]
    package = f"tfds_builders.{dataset}"
    recipes = importlib.import_module(f"{package}.recipe")
    renderer = importlib.import_module(f"{package}.{module}")
    version = recipes.VERSION
    start = time.perf_counter()
    corpus = list(recipes.corpus(version))
    clips = [renderer.render(recipe, version) / 32768.0 for recipe in corpus]
    seconds = time.perf_counter() - start
    groups = [getattr(recipe, group).name for recipe in corpus]
    print(f"\n{dataset} {version}: {len(clips)} clips, {len(set(groups))} groups, rendered in {seconds:.1f} s\n")
    print("| target | features | head | grouped | random | chance |\n|---|---|---|---|---|---|")
    vectors = {}
    for name, feature in features.items():
        table = np.array([feature(clip, renderer.RATE) for clip in clips])
        vectors[name] = table[:, table.std(axis=0) > 1e-9]
    for target, value in targets.items():
        labels = [value(recipe) for recipe in corpus]
        chance = max(labels.count(label) for label in set(labels)) / len(labels)
        for name, table in vectors.items():
            for head in HEADS:
                apart = accuracy(table, labels, groups, head, grouped=True)
                mixed = accuracy(table, labels, groups, head, grouped=False)
                print(f"| {target} | {name} | {head} | {apart:.3f} | {mixed:.3f} | {chance:.3f} |", flush=True)


def main() -> None:
    """Measure the corpora named on the command line, both by default; `--fast` leaves ComParE_2016 out."""
    words = sys.argv[1:]
    features: dict[str, Feature] = {
        "log-mel statistics": logmel_statistics,
        "openSMILE eGeMAPSv02": smile(opensmile.FeatureSet.eGeMAPSv02),
    }
    if "--fast" not in words:
        features["openSMILE ComParE_2016"] = smile(opensmile.FeatureSet.ComParE_2016)
    for dataset in [word for word in words if word != "--fast"] or list(TARGETS):
        measure(dataset, features)


if __name__ == "__main__":
    main()
