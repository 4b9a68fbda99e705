"""What a model costs on this machine: memory, parameters, and the hardware that the seconds belong to."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DEPTH = 4  # of attributes inside attributes that are searched for networks


def of(embedder: object, device: str) -> dict[str, Any]:
    """What the model of this process is and has cost; never part of a result."""
    return {
        "parameters": parameters(embedder),
        "processor": hardware(device),
        "peak_bytes": peak_bytes(),
        "gpu_peak_bytes": gpu_peak_bytes(),
    }


def together(costs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Those of several processes with one model: the most of each, and the hardware of the last that has a model."""
    most = {
        name: max((each[name] for each in costs if each[name] is not None), default=None)
        for name in ("parameters", "peak_bytes", "gpu_peak_bytes")
    }
    several = f"{len(costs) - 1} x " if len(costs) > 2 else ""
    return {**most, "processor": several + costs[-1]["processor"]}


def peak_bytes() -> int:
    """The most memory that this process, or the largest of its ended children, has held at a time."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def gpu_peak_bytes() -> int | None:
    """The most memory that torch has held on the GPU; None where this process has used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return int(torch.cuda.max_memory_allocated())


def hardware(device: str) -> str:
    """The processor by name, and the GPU where one was used."""
    torch = sys.modules.get("torch")
    if device != "cpu" and torch is not None and torch.cuda.is_initialized():
        return f"{torch.cuda.get_device_name()}, {processor()}"
    return processor()


def processor() -> str:
    """E.g. "AMD EPYC 7763 64-Core Processor, 2 of 4 cores"."""
    name = platform.processor() or platform.machine()
    try:
        listed = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        name = next(line.partition(":")[2].strip() for line in listed if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {usable} of {os.cpu_count()} cores"


def parameters(embedder: object) -> int | None:
    """Parameters of the torch networks that an embedder holds, each once; None where it holds none that is found."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    networks: list[Any] = []
    _collect(embedder, torch.nn.Module, networks, DEPTH, set())
    counted = {id(p): p.numel() for network in networks for p in network.parameters()}
    return sum(counted.values()) if counted else None


def _collect(thing: object, kind: type, found: list[Any], depth: int, seen: set[int]) -> None:
    if issubclass(type(thing), kind):
        found.append(thing)
        return
    if depth == 0 or id(thing) in seen:
        return
    seen.add(id(thing))
    inside: list[Any] = list(getattr(thing, "__dict__", {}).values())
    if isinstance(thing, list | tuple):
        inside += thing
    elif isinstance(thing, dict):
        inside += thing.values()
    for each in inside:
        _collect(each, kind, found, depth - 1, seen)
