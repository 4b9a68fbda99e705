"""How hard are the synthesised corpora? Grouped against random folds for log-mel statistics and openSMILE.

Run from the repository root: `python -m performance.demo_difficulty [--fast] [demo_speech] [demo_music]`.
Prints a Markdown table a corpus: pooled accuracy over three folds (seed 0) of the heads svc / lr / lda, features
standardised on the training part; for speech also with each speaker standardised by own statistics, as the
protocol's `group` normalisation does. No parameter is chosen, and nothing here is a leaderboard figure.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import opensmile
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

TARGETS: dict[str, tuple[str, str, dict[str, Callable[[Any], str]]]] = {
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


def accuracies(vectors: NDArray[np.float64], labels: list[str], groups: list[str], *, grouped: bool) -> list[float]:
    """Pooled out-of-fold accuracy of each applicable head over three folds, by group or at random."""
    if grouped:
        folds = list(StratifiedGroupKFold(3, shuffle=True, random_state=0).split(vectors, labels, groups))
    else:
        folds = list(StratifiedKFold(3, shuffle=True, random_state=0).split(vectors, labels))
    found = []
    for name, head in HEADS.items():
        if name == "lda" and vectors.shape[1] > 1000:  # a covariance of this size costs minutes and tells no more
            continue
        predicted = cross_val_predict(make_pipeline(StandardScaler(), head()), vectors, labels, cv=folds)
        found.append(float(np.mean(predicted == np.asarray(labels))))
    return found


def standardised_by(groups: list[str], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every group at mean 0 and deviation 1 in every column, shape kept."""
    out = np.empty_like(vectors)
    for group in set(groups):
        own = np.array([name == group for name in groups])
        out[own] = (vectors[own] - vectors[own].mean(axis=0)) / np.maximum(vectors[own].std(axis=0), 1e-9)
    return out


def measure(dataset: str, features: dict[str, Feature]) -> None:
    """Render a corpus, describe it with every feature, print its table."""
    module, group, targets = TARGETS[dataset]
    recipes = importlib.import_module(f"tfds_builders.{dataset}.recipe")
    renderer = importlib.import_module(f"tfds_builders.{dataset}.{module}")
    start = time.process_time()
    corpus = list(recipes.corpus())
    clips = [renderer.render(recipe, recipes.VERSION) / 32768.0 for recipe in corpus]
    seconds = time.process_time() - start
    groups = [getattr(recipe, group).name for recipe in corpus]
    print(
        f"\n{dataset} {recipes.VERSION}: {len(clips)} clips, {len(set(groups))} groups; {seconds:.1f} s of one core\n"
    )
    print("| target | features | grouped folds | random folds | grouped, by speaker | majority |")
    print("|---|---|---|---|---|---|", flush=True)
    for name, feature in features.items():
        vectors = np.array([feature(clip, renderer.RATE) for clip in clips])
        vectors = vectors[:, vectors.std(axis=0) > 1e-9]
        for target, value in targets.items():
            labels = [value(recipe) for recipe in corpus]
            majority = max(labels.count(label) for label in set(labels)) / len(labels)
            columns = [accuracies(vectors, labels, groups, grouped=grouped) for grouped in (True, False)]
            # Moods and genres nest in artists: there it would delete the signal.
            by_group = standardised_by(groups, vectors) if group == "speaker" else None
            columns.append([] if by_group is None else accuracies(by_group, labels, groups, grouped=True))
            cells = [" / ".join(f"{figure:.3f}" for figure in column) or "–" for column in columns]
            print(f"| {target} | {name} | {' | '.join(cells)} | {majority:.3f} |", flush=True)


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
