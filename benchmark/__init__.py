"""moodbench's engine.

From Python: `evaluate` scores an embedder (an object, or a row by its name), `embedder` makes that of a row,
`EmbedderTransformer` is for scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.api import evaluate
    from benchmark.rows import embedder
    from benchmark.transformer import EmbedderTransformer

__all__ = ["EmbedderTransformer", "embedder", "evaluate"]


def __getattr__(name: str) -> Any:
    """Loaded when asked for: the command line must answer at once."""
    if name == "evaluate":
        from benchmark.api import evaluate

        return evaluate
    if name == "embedder":
        from benchmark.rows import embedder

        return embedder
    if name == "EmbedderTransformer":
        from benchmark.transformer import EmbedderTransformer

        return EmbedderTransformer
    raise AttributeError(f"module 'benchmark' has no attribute {name!r}")
