"""What a model may change behind the benchmark's back: state of the process that other code relies on."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmark.check import signals
from benchmark.check.subject import Failed, Subject

State = dict[str, Any]


def lasting() -> State:
    """What must be the same before a model is made and after it has embedded; frameworks only where they are loaded."""
    torch = _torch()
    state: State = {
        "the working folder": os.getcwd(),  # noqa: PTH109
        "numpy's error handling": np.geterr(),
        "torch's default dtype": str(torch.get_default_dtype()) if torch else "torch.float32",
        "torch's gradient mode": torch.is_grad_enabled() if torch else True,
    }
    if torch is not None:
        state["torch's thread count"] = torch.get_num_threads()
    return state


def passing() -> State:
    """What one call of `embed` must leave as it was, once everything is loaded."""
    state = lasting() | {
        "the environment": dict(os.environ),
        "the warnings filters": list(warnings.filters),
        "Python's random state": random.getstate(),
        "numpy's random state": _comparable(np.random.get_state()),  # noqa: NPY002 - the global one is what is guarded
    }
    if (torch := _torch()) is not None:
        state["torch's random state"] = torch.get_rng_state().numpy().tobytes()
    return state


@contextmanager
def kept() -> Iterator[None]:
    """Puts the state of this process back at the end, whatever was done to it."""
    folder, errors, environment = os.getcwd(), np.geterr(), dict(os.environ)  # noqa: PTH109
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = _torch()
    random_state = torch.get_rng_state() if torch else None
    before = lasting()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        os.chdir(folder)
        np.seterr(**errors)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if (loaded := _torch()) is not None:
            loaded.set_default_dtype(getattr(loaded, before["torch's default dtype"].removeprefix("torch.")))
            loaded.set_grad_enabled(before["torch's gradient mode"])
            loaded.set_num_threads(before.get("torch's thread count") or _threads_of_fresh_torch())
            if random_state is not None:
                loaded.set_rng_state(random_state)


def unchanged(subject: Subject) -> str:
    """State of the process, from before the model was made, and around one more call."""
    now, was = lasting(), dict(subject.before)
    if "torch's thread count" in now:
        was.setdefault("torch's thread count", _threads_of_fresh_torch())
    changed = {name: now[name] for name in was if now[name] != was[name]}
    with kept():
        # a model that sets a seed or a thread count again at every call changes nothing unless these differ
        random.seed(4711)
        np.random.seed(4711)  # noqa: NPY002
        if (torch := _torch()) is not None:
            torch.manual_seed(4711)
            torch.set_num_threads(torch.get_num_threads() + 1)
        before = passing()
        subject.vectors(signals.various(subject.rate))
        after = passing()
        changed |= {name: after[name] for name in before if name not in changed and after[name] != before[name]}
    if changed:
        told = ", ".join(f"{name}{_to(value)}" for name, value in changed.items())
        raise Failed(f"other values after embedding: {told}")
    return f"{len(before)} kinds of state as they were"


@functools.cache
def _threads_of_fresh_torch() -> int:
    """How many threads torch has where nobody has said anything: what a model that loads it must leave."""
    asked = [sys.executable, "-c", "import torch; print(torch.get_num_threads())"]
    return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)


def _to(value: Any) -> str:
    """What a state became, where that can be said in a word."""
    return f" (now {value})" if isinstance(value, str | int) else ""


def _comparable(state: Any) -> tuple[Any, ...]:
    return tuple(part.tobytes() if isinstance(part, np.ndarray) else part for part in state)


def _torch() -> Any:
    """torch, where the model has loaded it."""
    return sys.modules.get("torch")
