"""moodbench's engine. `from benchmark import evaluate` scores an embedder object, `embedder` makes that of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.api import evaluate
    from benchmark.rows import embedder

__all__ = ["embedder", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import the API only when it is asked for: the command line must start light."""
    if name == "evaluate":
        from benchmark.api import evaluate

        return evaluate
    if name == "embedder":
        from benchmark.rows import embedder

        return embedder
    raise AttributeError(f"module 'benchmark' has no attribute {name!r}")
