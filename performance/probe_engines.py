"""Processor seconds of each head's whole search on one fold: plain scikit-learn against the fast engine, in one run.

    python performance/probe_engines.py                                    # 840/300/300 clips x 6373, 8 classes
    python performance/probe_engines.py --dim 1500 --heads lda lr svc      # smaller
    python performance/probe_engines.py --engines fast                     # the fast engine alone
    python performance/probe_engines.py --vectors results/embeddings/…/vectors.npy --labels labels.npy

The plain LDA keeps several d × d matrices: at 6373 dimensions that is over a gigabyte and many
minutes; leave it out with --heads, or lower --dim. One thread, and processor time, so that other work
on the machine counts less.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.cell import HEAD_ORDER
from benchmark.probes.normalisation import standardise_groups
from benchmark.probes.problem import Problem, WholeGram
from benchmark.probes.selection import ENGINES, HeadOutcome, run_head


def synthetic(clips: int, dim: int, classes: int, seed: int) -> tuple[Any, Any]:
    """Clips with correlated features: class means in a few of 60 hidden directions, plus noise."""
    draw = np.random.default_rng(seed)
    y = draw.permutation(np.arange(clips) % classes)
    hidden = min(60, dim)
    means = 0.9 * draw.standard_normal((classes, hidden)) * (draw.random(hidden) < 0.3)
    spread = draw.standard_normal((hidden, dim)) / np.sqrt(hidden)
    X = (draw.standard_normal((clips, hidden)) + means[y]) @ spread + 0.7 * draw.standard_normal((clips, dim))
    return X.astype(np.float32), y


def problem(arguments: argparse.Namespace) -> Problem:
    """One fold with group normalisation, groups of about 60 clips."""
    sizes = arguments.parts
    clips = sum(sizes)
    if arguments.vectors:
        X, y = np.load(arguments.vectors, mmap_mode="r")[:clips], np.load(arguments.labels)[:clips]
    else:
        X, y = synthetic(clips, arguments.dim, arguments.classes, arguments.seed)
    if len(X) < clips:
        raise SystemExit(f"{len(X)} vectors, --parts asks for {clips}: give smaller parts")
    X = standardise_groups(np.asarray(X), np.arange(clips) // 60 if clips % 60 >= 5 else np.arange(clips) % 10, y)
    train, validation, test = np.split(np.arange(clips), np.cumsum(sizes)[:-1])
    return Problem(
        X=X,
        y=y,
        train=train,
        validation=validation,
        test=test,
        classes=int(y.max()) + 1,
        normalisation="group",
        whole=WholeGram(X),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", nargs="+", default=list(HEAD_ORDER), choices=HEAD_ORDER)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--parts", nargs=3, type=int, default=[840, 300, 300], metavar=("TRAIN", "VALIDATION", "TEST"))
    parser.add_argument("--dim", type=int, default=6373)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vectors", type=Path, help="vectors.npy (clips, dim), rows in order train, validation, test")
    parser.add_argument("--labels", type=Path, help="class indices of those rows, .npy")
    arguments = parser.parse_args()
    if bool(arguments.vectors) != bool(arguments.labels):
        parser.error("--vectors and --labels go together")

    fold = problem(arguments)
    print(
        f"{'/'.join(map(str, arguments.parts))} clips, {fold.X.shape[1]} dimensions, {fold.classes} classes, one core"
    )
    print(
        f"{'head':6}" + "".join(f"{engine + ' s':>14}" for engine in arguments.engines) + f"{'ratio':>10}  same answers"
    )
    totals = dict.fromkeys(arguments.engines, 0.0)
    for head in arguments.heads:
        seconds: dict[str, float] = {}
        outcomes: dict[str, HeadOutcome] = {}
        for engine in arguments.engines:
            start = time.process_time()
            outcomes[engine] = run_head(head, fold, engine=engine, seed=1)
            seconds[engine] = time.process_time() - start
            totals[engine] += seconds[engine]
        print(f"{head:6}" + "".join(f"{seconds[e]:14.2f}" for e in arguments.engines) + _compare(seconds, outcomes))
    print(f"{'sum':6}" + "".join(f"{totals[e]:14.2f}" for e in arguments.engines) + _ratio(totals))


def _ratio(seconds: dict[str, float]) -> str:
    return f"{seconds['reference'] / seconds['fast']:9.1f}x" if len(seconds) == len(ENGINES) else f"{'-':>10}"


def _compare(seconds: dict[str, float], outcomes: dict[str, HeadOutcome]) -> str:
    if len(outcomes) < len(ENGINES):
        (only,) = outcomes.values()
        return f"{'-':>10}  {only.result.status}, validation {only.result.validation}, {only.result.params}"
    fast, plain = outcomes["fast"], outcomes["reference"]
    share = float((fast.predictions == plain.predictions).mean())
    best = "same point" if fast.result.params == plain.result.params else "OTHER POINT"
    return f"{_ratio(seconds)}  {share:.4f} of test clips, {best}, {fast.result.status}"


if __name__ == "__main__":
    main()
