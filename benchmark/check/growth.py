"""Whether memory grows from clip to clip."""

from __future__ import annotations

import gc

from benchmark import isolation
from benchmark.check import signals
from benchmark.check.subject import Failed, NotApplicable, Subject
from benchmark.embedding import embed_clips

CLIPS = 500
BATCH = 10
SECONDS = 0.25
WARM_UP = 100  # clips in which caches may fill
LIMIT = 16_000_000  # bytes gained after that: 40 kB a clip, more than a short clip's own samples


def memory(subject: Subject) -> str:
    """Resident memory over `CLIPS` short clips; both halves of the clips after the warm-up must gain."""
    if not subject.thorough:
        raise NotApplicable(f"{CLIPS} clips are embedded by 'moodbench check' only, without --quick")
    samples = max(round(SECONDS * subject.rate), round(subject.declared.min_seconds * subject.rate), 1)
    sizes = []
    for batch in range(CLIPS // BATCH):
        clips = [signals.noise(samples) for _ in range(BATCH)]
        embed_clips(subject.embedder, clips, [f"clip {batch * BATCH + place}" for place in range(BATCH)])
        isolation.beat()
        if (batch + 1) * BATCH in (WARM_UP, (WARM_UP + CLIPS) // 2, CLIPS):
            sizes.append(_resident())
    first, second = sizes[1] - sizes[0], sizes[2] - sizes[1]
    gained = first + second
    told = f"{gained / 1e6:+.1f} MB from clip {WARM_UP} to clip {CLIPS}"
    if gained > LIMIT and min(first, second) > LIMIT / 4:
        raise Failed(f"{told}, {gained / (CLIPS - WARM_UP) / 1e3:.0f} kB a clip")
    return told


def _resident() -> int:
    import psutil

    gc.collect()
    return int(psutil.Process().memory_info().rss)
