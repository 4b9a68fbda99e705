"""moodbench's engine. `from benchmark import evaluate` scores an embedder object from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.api import evaluate

__all__ = ["evaluate"]


def __getattr__(name: str) -> Any:
    """Import the API only when it is asked for: the command line must start light."""
    if name == "evaluate":
        from benchmark.api import evaluate

        return evaluate
    raise AttributeError(f"module 'benchmark' has no attribute {name!r}")
