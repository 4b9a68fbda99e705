"""Parts of the work of a small network side by side on the cores of a CPU; torch loads in functions."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from embedders.torch_common import exact

Part = TypeVar("Part")
Answer = TypeVar("Answer")

_lock, _flags = threading.Lock(), contextlib.ExitStack()
_callers = 0  # of `side_by_side` that are under way


def side_by_side(compute: Callable[[Part], Answer], parts: Iterable[Part], device: str) -> list[Answer]:
    """What `compute` answers for each of `parts`, in order.

    On the CPU one core computes a part, and as many parts are under way as torch has threads: the convolutions of a
    small network gain little from a second core. One part alone is given all of them. On a GPU one part follows the
    other. Modes that torch keeps for a thread, such as inference mode, `compute` enters itself. Parts are taken a few
    ahead of what is computed.
    """
    import torch

    parts = iter(parts)
    first = list(itertools.islice(parts, 2))
    parts, cores = itertools.chain(first, parts), torch.get_num_threads()
    if device != "cpu" or len(first) < 2 or cores == 1:
        return [compute(part) for part in parts]
    answers: list[Answer] = []
    try:
        with _exact_in_all_threads(), ThreadPoolExecutor(cores, initializer=_have_one_thread) as pool:
            under_way: deque[Future[Answer]] = deque()
            for part in parts:
                under_way.append(pool.submit(compute, part))
                if len(under_way) > 2 * cores:
                    answers.append(under_way.popleft().result())
            answers += [each.result() for each in under_way]
    finally:
        torch.set_num_threads(cores)  # the pool's threads set what each later thread begins with
    return answers


def _have_one_thread() -> None:
    import torch

    torch.get_num_threads()  # else a thread sets its number anew, to what the process has, when it first computes
    torch.set_num_threads(1)


@contextlib.contextmanager
def _exact_in_all_threads() -> Iterator[None]:
    """`exact`, whose flags are the process's, from the first caller's begin to the last one's end.

    Whoever enters it in a thread meanwhile finds the flags, and leaves them, as they are.
    """
    global _callers
    with _lock:
        if not _callers:
            _flags.enter_context(exact())
        _callers += 1
    try:
        yield
    finally:
        with _lock:
            _callers -= 1
            if not _callers:
                _flags.close()
