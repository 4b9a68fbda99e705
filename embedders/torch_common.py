"""What our torch embedders share: device, arithmetic, copying to it, reading a state dict. torch loads in functions."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Declared, EmbedderError

if TYPE_CHECKING:
    from torch import Tensor

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bfloat16", "float16")
# how far the vectors of random clips were seen from their float32 ones, at most (bfloat16 0.018, float16 0.0023, over
# the networks of all families): the same clip alone and in a batch, which differed by a quarter of that on a CPU,
# can be rounded in two ways, neither of them farther off
LOW_TOLERANCE = {"bfloat16": 0.02, "float16": 0.003}
POOLINGS = ("mean", "mean+max", "mean+std", "attention")  # each "+" adds the width once more


def require_one_of(who: str, name: str, value: object, allowed: Iterable[object]) -> None:
    """Raises `EmbedderError` for an argument that is not one of those allowed."""
    allowed = tuple(allowed)
    if value not in allowed:
        raise EmbedderError(f"{who}: {name} is {value!r}, expected one of {', '.join(map(str, allowed))}.")


def choose_device(who: str, device: str, precision: str = "float32") -> str:
    """`cuda` or `cpu` for one of `DEVICES` and one of `PRECISIONS`.

    Raises `EmbedderError` where CUDA is asked for and absent, and for float16 on a CPU.
    """
    import torch

    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise EmbedderError(f"{who}: device is 'cuda', but torch sees no CUDA device here. Use `auto` or `cpu`.")
    chosen = "cuda" if available and device != "cpu" else "cpu"
    if precision == "float16" and chosen == "cpu":  # most of torch's CPU kernels for it are slow, and some are missing
        raise EmbedderError(
            f"{who}: precision is 'float16' on a CPU, expected it on a CUDA device only. Use `bfloat16` or `float32`."
        )
    return chosen


def exact() -> AbstractContextManager[None]:
    """Full float32 and one fixed algorithm on CUDA: TF32, the default there, is wrong in the fourth digit."""
    import torch

    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


@contextmanager
def arithmetic(precision: str, device: str) -> Iterator[None]:
    """How a network computes on `device`: `exact()`, and below float32 torch's autocast to one of `PRECISIONS`.

    Autocast rounds what goes into matrix products and convolutions, and leaves weights, sums over many numbers,
    softmax and layer norm in float32. Only for the network: a front end loses its quiet bands in 8 bits. Never leave
    it open at a `yield`, for it holds for all that the thread does.
    """
    import torch

    with exact():
        if precision == "float32":
            yield
        else:
            with torch.autocast(device, dtype=getattr(torch, precision)):
                yield


def tolerance_at(precision: str, full: float = Declared.tolerance) -> float:
    """The `tolerance` that an embedder declares: `full` in float32, that of `LOW_TOLERANCE` below it."""
    return LOW_TOLERANCE.get(precision, full)


def to_device(values: NDArray[Any] | Tensor, device: str) -> Tensor:
    """A tensor of `values` on `device`; on the CPU it may share their memory, so it is not to be written to.

    To CUDA it goes through pinned memory and without waiting: the next batch is made ready meanwhile. torch keeps the
    pinned copy until it has arrived.
    """
    import torch

    # torch takes no negative strides, and warns of memory that cannot be written to
    tensor = torch.from_numpy(np.require(values, requirements=["C", "W"])) if isinstance(values, np.ndarray) else values
    return tensor.pin_memory().to(device, non_blocking=True) if device == "cuda" else tensor.to(device)


def passes(lengths: Sequence[int], budget: int, *, mixed: bool) -> Iterator[list[int]]:
    """Places by falling length, in passes of at most `budget` when padded to the longest (or one place).

    Places of several lengths share a pass only where `mixed`.
    """
    left = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    while left:
        longest = lengths[left[0]]
        size = max(1, budget // max(1, longest))
        taken = [place for place in left[:size] if mixed or lengths[place] == longest]
        yield taken
        left = left[len(taken) :]


def pooled(steps: Tensor, pooling: str) -> Tensor:
    """One of `POOLINGS` over time: steps of shape (frames, width) to a vector of width, or twice of it.

    `mean+std` takes the population deviation, 0 for one frame. `attention` has no parameters: it is scaled
    dot-product attention (Vaswani et al., NeurIPS 2017) whose one query is the mean of the steps, so the steps that
    are most like the whole weigh most.
    """
    import torch

    mean = steps.mean(dim=0)
    if pooling == "attention":
        weights = torch.softmax(steps @ mean / steps.shape[1] ** 0.5, dim=0)
        return weights @ steps
    parts = [mean]
    if pooling == "mean+max":
        parts.append(steps.amax(dim=0))
    if pooling == "mean+std":
        parts.append(steps.std(dim=0, correction=0))
    return torch.cat(parts)


def whitened(wave: Tensor, *, epsilon: float) -> Tensor:
    """A waveform of shape (samples,) with mean 0 and variance 1; `epsilon` is added to the variance."""
    import torch

    return torch.nn.functional.layer_norm(wave, wave.shape, eps=epsilon)


def read_state_dict(who: str, path: Path, *, inside: str | None = None) -> dict[str, Tensor]:
    """The tensors of a PyTorch file by name. Nothing in it is executed (`weights_only=True`).

    `inside` names the place of the state dict in a file that holds more, such as an optimiser's state. Raises
    `EmbedderError` for a file that is absent, damaged, or holds anything but named tensors.
    """
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise EmbedderError(f"{who}: no weights at {path}, expected a PyTorch state dict. Correct the path.") from None
    except pickle.UnpicklingError as error:
        raise EmbedderError(
            f"{who}: {path} holds more than tensors ({first_line(error)}) and was not opened, for it could run code. "
            "Expected a plain state dict. Save `state_dict()` with torch.save, or fetch the published file."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise EmbedderError(
            f"{who}: {path} cannot be read as a PyTorch file ({first_line(error)}). Expected a state dict written by "
            "torch.save. The file may be cut short: fetch it again."
        ) from error
    if inside is not None:
        if not isinstance(content, Mapping) or inside not in content:
            raise EmbedderError(
                f"{who}: {path} has no {inside!r}, expected a checkpoint that holds its state dict there. Give the "
                "published file."
            )
        content = content[inside]
    if not isinstance(content, Mapping) or not all(isinstance(tensor, torch.Tensor) for tensor in content.values()):
        raise EmbedderError(
            f"{who}: {path} holds {_described(content)}, expected a state dict (names to tensors). Save `state_dict()` "
            "alone."
        )
    return dict(content)


def require_layout(who: str, path: Path, found: Mapping[str, Any], expected: Mapping[str, Any], network: str) -> None:
    """Raises `EmbedderError`, naming up to three differences, where names, shapes or types are not as expected."""
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is not part of the network" for name in found if name not in expected]
    for name in expected:
        if name in found:
            shapes = [f"{_kind(tensor)} {tuple(tensor.shape)}" for tensor in (found[name], expected[name])]
            if shapes[0] != shapes[1]:
                problems.append(f"{name} is {shapes[0]} instead of {shapes[1]}")
    if problems:
        shown = "; ".join(problems[:3]) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")
        raise EmbedderError(f"{who}: {path}: {shown}. Expected {network}.")


def first_line(error: Exception) -> str:
    """What an error says first, without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _described(content: object) -> str:
    """What stands in the place of a state dict; of a mapping, the first that is no tensor."""
    import torch

    if not isinstance(content, Mapping):
        return f"an object of type {type(content).__name__}"
    name, odd = next((name, each) for name, each in content.items() if not isinstance(each, torch.Tensor))
    return f"a mapping whose {name!r} is of type {type(odd).__name__}"


def _kind(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")
