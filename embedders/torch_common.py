"""What our torch embedders share: the device, exact arithmetic, reading a state dict. torch loads inside functions."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedders.base import EmbedderError

if TYPE_CHECKING:
    from torch import Tensor

DEVICES = ("auto", "cpu", "cuda")
POOLINGS = ("mean", "mean+max", "mean+std", "attention")  # each "+" adds the width once more


def require_one_of(who: str, name: str, value: object, allowed: Iterable[object]) -> None:
    """Raises `EmbedderError` for an argument that is not one of those allowed."""
    allowed = tuple(allowed)
    if value not in allowed:
        raise EmbedderError(f"{who}: {name} is {value!r}, expected one of {', '.join(map(str, allowed))}.")


def choose_device(who: str, device: str) -> str:
    """`cuda` or `cpu` for one of `DEVICES`; raises `EmbedderError` where CUDA is asked for and absent."""
    import torch

    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise EmbedderError(f"{who}: device is 'cuda', but torch sees no CUDA device here. Use `auto` or `cpu`.")
    return "cuda" if available and device != "cpu" else "cpu"


def exact() -> AbstractContextManager[None]:
    """Full float32 and one fixed algorithm on CUDA: TF32, the default there, is wrong in the fourth digit."""
    import torch

    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


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
            "Expected a plain state dict. Save `state_dict()` with torch.save."
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
        odd = "a mapping with other things than tensors" if isinstance(content, Mapping) else type(content).__name__
        raise EmbedderError(
            f"{who}: {path} holds {odd}, expected a state dict (names to tensors). Save `state_dict()` alone."
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


def _kind(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")
