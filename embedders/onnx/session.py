"""Opening an ONNX file, and saying what it takes and gives when that is not what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedders.base import EmbedderError, MissingExtraError


def open_session(path: Path, who: str, *, threads: int = 0) -> Any:
    """An onnxruntime session on the CPU with `threads` threads (0: as many as onnxruntime likes).

    The file is handed over as bytes, so that a model whose weights lie in other files beside it is
    refused: their content would be in no fingerprint. Raises `EmbedderError` for a file that is absent
    or no ONNX model, `MissingExtraError` without onnxruntime.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"{who}: onnxruntime is not installed, expected it for ONNX files. Install it: pip install "
            "'moodbench[onnx]'."
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except FileNotFoundError:
        raise EmbedderError(f"{who}: no weights at {path}, expected an .onnx file. Correct the path.") from None
    except Exception as error:  # onnxruntime's errors have no class in common
        raise EmbedderError(
            f"{who}: {path} cannot be opened ({' '.join(str(error).split())[:200]}). Expected one ONNX file that holds "
            "its weights. Export it so, or fetch it again."
        ) from error


def described(nodes: Sequence[Any]) -> str:
    """Inputs or outputs as text, such as `wave: float (batch, 16000)`."""
    return "; ".join(f"{node.name}: {kind(node)} ({', '.join(map(str, node.shape))})" for node in nodes) or "none"


def kind(node: Any) -> str:
    """The element type of a tensor, such as `float`."""
    return str(node.type).removeprefix("tensor(").removesuffix(")")
