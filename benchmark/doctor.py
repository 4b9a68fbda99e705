"""`moodbench doctor`: what is here, what the chosen suites need, and the next step for what is not."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path

from rich.console import Console

from benchmark import datasets, embedder_spec, listing, manifest, paths, registry
from benchmark.errors import Unavailable
from benchmark.params import load
from benchmark.workers import default_count

PACKAGES = ("tensorflow-datasets", "torch", "torchaudio", "scikit-learn", "dvc", "pandas", "tabulate")
OPTIONAL = ("tensorflow", "tensorflow-hub")
SPARE_BYTES = 1 << 30  # room for DVC's copy, predictions and pages


def show() -> int:
    """Print the state of this machine; 0 when the chosen suites can be scored whole, 1 otherwise."""
    console = Console(width=None if sys.stdout.isatty() else 110, highlight=False, markup=False)
    params = load()
    steps: list[str] = []
    console.print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in (*PACKAGES, *OPTIONAL):
        version = _version(package)
        console.print(f"  {package} {version or 'not installed'}")
        if version is None and package in PACKAGES:
            steps.append(f"Install {package}: make leaderboard sets everything up.")
    console.print(f"Device: {_device()}; {default_count()} cores; memory {_memory()}")
    console.print(f"Suites: {', '.join(params.suites)}")
    wanted = list(dict.fromkeys(task.dataset for task in registry.tasks_of(params.suites)))
    specs = [embedder_spec.resolve(name, entry) for name, entry in params.embedders.items()]
    numbers = sum(spec.entry.dim for spec in specs if spec.entry is not None)
    need = SPARE_BYTES
    for dataset in wanted:
        state = listing.dataset_state(dataset)
        console.print(f"  dataset {dataset}: {state}")
        if state != listing.READY:
            steps.append(_dataset_step(dataset, state))
        need += _bytes_of(dataset, numbers)
    for spec in specs:
        state = listing.embedder_state(spec.name, params.embedders[spec.name])
        console.print(f"  embedder {spec.name}: {state}")
        if state != listing.READY:
            way_out = spec.weights.way_out if spec.weights else "Mend its entry in params.yaml."
            steps.append(f"{spec.name}: {state.rstrip('.')}. {way_out}")
    for place in (paths.ROOT, paths.cache_folder()):
        free = shutil.disk_usage(_existing(place)).free
        console.print(f"Free at {place}: {free / 1e9:.1f} GB; the chosen suites want about {need / 1e9:.1f} GB")
        if free < need:
            steps.append(f"Make room at {place}, or set MOODBENCH_CACHE to a larger disk.")
    console.print("Next steps:" if steps else "All is here. Next: moodbench run")
    for step in steps:
        console.print(f"  - {step}")
    return 1 if steps else 0


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> str:
    if _version("torch") is None:
        return "cpu"
    import torch

    return f"cuda ({torch.cuda.get_device_name(0)})" if torch.cuda.is_available() else "cpu (no CUDA device)"


def _memory() -> str:
    try:
        rows = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return (
            f"{int(rows['MemAvailable'].split()[0]) / 1e6:.1f} GB free of {int(rows['MemTotal'].split()[0]) / 1e6:.1f}"
        )
    except (OSError, KeyError, ValueError):
        return "not known on this system"


def _bytes_of(dataset: str, numbers: int) -> int:
    """Bytes of prepared audio and of `numbers` vector elements a clip; 0 while the clips are not known."""
    listed = manifest.read(dataset)
    if listed is None:
        return 0
    audio = sum(2 * int(clip["samples"]) for clip in listed.clips)
    return audio + 2 * 4 * len(listed.clips) * numbers  # float32, and DVC's copy


def _dataset_step(dataset: str, state: str) -> str:
    try:
        datasets.find_source(dataset)
    except Unavailable as error:
        return f"{dataset}: {error}"
    return f"{dataset}: {state}"


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.is_dir())
