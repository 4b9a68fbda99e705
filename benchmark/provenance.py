"""What made a figure: code, package versions; and, apart from results, seconds and hardware."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from typing import Any

from benchmark import paths
from benchmark.files import json_or_none, write_json

PACKAGES = ("numpy", "scipy", "scikit-learn")


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """The installed versions of distributions, without importing them."""
    return {name: importlib.metadata.version(name) for name in sorted(packages)}


def read_run(embedder: str) -> dict[str, Any]:
    """The record of an embedder's last runs on this machine; empty where there is none."""
    found = json_or_none(paths.run_record(embedder))
    return found if isinstance(found, dict) else {}


def write_run(embedder: str, record: dict[str, Any]) -> None:
    """Store the record with this machine's hardware."""
    hardware = {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}
    write_json(paths.run_record(embedder), {**record, "hardware": hardware})
