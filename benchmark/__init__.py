"""moodbench's engine. From Python: `evaluate` scores an embedder object, `EmbedderTransformer` is for scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.api import evaluate
    from benchmark.transformer import EmbedderTransformer

__all__ = ["EmbedderTransformer", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import the API only when it is asked for: the command line must start light."""
    if name == "evaluate":
        from benchmark.api import evaluate

        return evaluate
    if name == "EmbedderTransformer":
        from benchmark.transformer import EmbedderTransformer

        return EmbedderTransformer
    raise AttributeError(f"module 'benchmark' has no attribute {name!r}")
