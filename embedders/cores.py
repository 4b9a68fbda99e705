"""Parts of the work of a small network side by side on the cores of a CPU; torch loads in functions."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from embedders.torch_common import exact

Part = TypeVar("Part")
Answer = TypeVar("Answer")


def side_by_side(compute: Callable[[Part], Answer], parts: Iterable[Part], device: str) -> list[Answer]:
    """What `compute` answers for each of `parts`, in order.

    On the CPU one core computes a part, and as many parts are under way as torch has threads: the convolutions of a
    small network gain little from a second core. One part alone is given all of them. On a GPU one part follows the
    other. Modes that torch keeps for a thread, such as inference mode, `compute` enters itself. Parts are taken a few
    ahead of what is computed.
    """
    parts = iter(parts)
    first = list(itertools.islice(parts, 2))
    parts = itertools.chain(first, parts)
    if device != "cpu" or len(first) < 2:
        return [compute(part) for part in parts]
    answers: list[Answer] = []
    # `exact` sets flags of the whole process: whoever enters it in a thread finds them, and leaves them, as they are
    with exact(), _one_thread_each() as cores, ThreadPoolExecutor(cores) as pool:
        under_way: deque[Future[Answer]] = deque()
        for part in parts:
            under_way.append(pool.submit(compute, part))
            if len(under_way) > 2 * cores:
                answers.append(under_way.popleft().result())
        answers += [each.result() for each in under_way]
    return answers


@contextlib.contextmanager
def _one_thread_each() -> Iterator[int]:
    """Tells how many threads torch has, and lets those that it is used from have one, until the end."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
