"""What the adapters share: finding a stranger's module, calling it, and taking its answers as numpy."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, Declared, Embedder, EmbedderError, FittedEmbedder, Vectors
from embedders.declarations import wrong_declarations
from embedders.windows import cut


def find(who: str, wraps: str) -> Any:
    """The object that `module` or `module:name` names.

    Raises `EmbedderError` where the module has no such name; what its import raises goes on.
    """
    module, _, name = wraps.partition(":")
    found = importlib.import_module(module)
    return attribute(who, found, name) if name else found


def attribute(who: str, module: Any, name: str) -> Any:
    """`module.name`, or `EmbedderError` that names what is nearly called so."""
    if hasattr(module, name):
        return getattr(module, name)
    near = difflib.get_close_matches(name, [each for each in vars(module) if not each.startswith("_")], n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise EmbedderError(f"{who}: module {module.__name__!r} has no {name!r}, expected it there.{hint}")


def require_callable(who: str, found: Any, name: str) -> Callable[..., Any]:
    """`found` itself, or `EmbedderError` where it cannot be called."""
    if not callable(found):
        raise EmbedderError(f"{who}: {name} is a {type(found).__name__}, expected something that can be called.")
    called: Callable[..., Any] = found
    return called


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a parameter of that name is written in the function's signature."""
    return name in _parameters(function)


def call(who: str, function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """`function(*given, **options)`, or `EmbedderError` with what it takes, where the arguments do not fit."""
    try:
        inspect.signature(function).bind(*given, **options)
    except TypeError as error:
        taken = ", ".join(_parameters(function)) or "none"
        raise EmbedderError(
            f"{who}: the arguments do not fit: {error}. It takes {taken}. Mend `kwargs` (or `weights`) of the row."
        ) from None
    except ValueError:  # built in, without a signature
        pass
    return function(*given, **options)


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return {}


def to_numpy(answer: Any) -> NDArray[Any]:
    """A torch or TensorFlow tensor, or anything that numpy takes, as an array on the CPU; its type is kept."""
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu()
    return np.asarray(answer.numpy() if hasattr(answer, "numpy") else answer)


def to_float32(who: str, answer: Any, shape: tuple[int | None, ...], meaning: str) -> NDArray[np.float32]:
    """The numbers of an answer as float32 of that shape (None: any length), in memory of their own.

    Double precision is rounded; what overflows becomes infinite, which the engine refuses.
    """
    found = to_numpy(answer)
    if found.dtype.kind not in "fiu":
        raise EmbedderError(f"{who}: the answer is of type {found.dtype}, expected real numbers.")
    fits = found.ndim == len(shape) and all(b is None or a == b for a, b in zip(found.shape, shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise EmbedderError(f"{who}: the answer has shape {found.shape}, expected {meaning}: ({wanted}).")
    with np.errstate(over="ignore"):
        return np.array(found, dtype=np.float32)


def require_whole(who: str, name: str, value: Any) -> int:
    """A whole number above 0 as int, or `EmbedderError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise EmbedderError(f"{who}: {name} is {value!r}, expected a whole number above 0.")
    return int(value)


def require_declarations(who: str, **given: Any) -> None:
    """Raises `EmbedderError` for arguments that cannot be the declarations of those names."""
    if wrong := wrong_declarations(Declared(**given)):
        raise EmbedderError(f"{who}: {'; '.join(wrong)}. Mend `kwargs` of the row.")


def noise(samples: int) -> NDArray[np.float32]:
    """White noise between -0.5 and 0.5, always the same: what a model is asked to see how long its answer is."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, samples).astype(np.float32)


def embed_whole(embedder: Embedder, clips: Sequence[Clip]) -> Vectors:
    """The vectors of clips that are long enough, shape (len(clips), dim): in windows where the embedder declares it."""
    seconds = Declared.of(embedder).window_seconds
    if seconds <= 0:
        return embedder.embed(clips)
    longest = max(1, round(seconds * embedder.sample_rate))
    means = [np.mean([embedder.embed([window])[0] for window in cut(clip, longest)], axis=0) for clip in clips]
    return np.array(means, dtype=np.float32)


def without_statistics(embedder: Embedder, who: str) -> None:
    """Ready an embedder for a benchmark that hands over no dataset.

    Raises `EmbedderError` for one that must see a dataset's statistics first.
    """

    def no_clips() -> Iterator[Clip]:
        raise EmbedderError(
            f"{who}: the embedder wants statistics of a dataset's audio, which are not handed over here; expected one "
            "that needs none. Give it constants."
        )
        yield  # a generator: only an embedder that reads is refused

    if isinstance(embedder, FittedEmbedder):
        embedder.fit_statistics(no_clips(), dataset=who)
