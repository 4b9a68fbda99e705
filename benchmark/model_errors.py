"""What a model raised, as one line of ours: who did what, where in its code, or what is missing."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark import paths
from benchmark.errors import BenchmarkError, ContractError, Unavailable
from embedders.base import EmbedderError, MissingExtraError
from embedders.missing import MissingWeightsError

# of installed packages, those that models are made with
FRAMEWORKS = {
    *("torch", "torchaudio", "torchvision", "tensorflow", "tensorflow_hub", "keras", "tf_keras", "onnxruntime"),
    *("jax", "jaxlib", "flax", "numpy", "scipy", "sklearn", "pandas", "einops", "librosa", "numba", "soxr"),
    *("soundfile", "transformers", "huggingface_hub", "timm", "lightning", "pytorch_lightning"),
}


def as_benchmark_error(error: BaseException, doing: str) -> BenchmarkError:
    """An embedder's own exception, told as one line that names who did what, and where."""
    if isinstance(error, BenchmarkError):
        return error
    said = f"{doing}: {text(error)}{place(error)}"
    return what_is_missing(error) or ContractError(said)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Whatever an embedder raises inside becomes a `BenchmarkError` that says who did what."""
    try:
        yield
    except BenchmarkError:
        raise
    except (Exception, SystemExit) as error:
        raise as_benchmark_error(error, doing) from error


def what_is_missing(error: BaseException) -> Unavailable | None:
    """What to bring, where an error, or one that it was raised from, says that a package or the weights are absent."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return Unavailable(f"cannot import {error.name!r}", f"Install what it needs: pip install {package}.")
    if isinstance(error, MissingExtraError | MissingWeightsError):
        what, _, way_out = str(error).partition(". ")
        return Unavailable(what, way_out)
    return what_is_missing(error.__cause__) if error.__cause__ is not None else None


def text(error: BaseException) -> str:
    """The kind of an error and what it says, in one line."""
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r})"
    try:
        said = " ".join(str(error).split())
    except Exception as another:  # of a stranger's making, as all of it
        said = f"(what it says cannot be had: {type(another).__name__})"
    return f"{type(error).__name__}: {said}"


def place(error: BaseException) -> str:
    """Where an error came from, such as " (net.py:18 in forward)": the innermost line of a model's own code.

    That is code neither of Python, nor of moodbench, nor of an installed framework; where there is none, of an embedder
    of ours. Empty where no line is known, and for errors of ours, which say all.
    """
    if isinstance(error, EmbedderError):
        return ""
    lines = [line for line in traceback.extract_tb(error.__traceback__) if not line.filename.startswith("<")]
    for is_own in (_outside, _installed_model, _ours):
        own = [line for line in lines if is_own(Path(line.filename))]
        if own:
            file, line = Path(own[-1].filename), own[-1]
            name = f"{file.parent.name}/{file.name}" if file.name == "__init__.py" else file.name
            return f" ({name}:{line.lineno} in {line.name})"
    return ""


def _package(file: Path) -> str:
    """The top-level name of an installed package's file, empty for any other."""
    parts = file.parts
    places = [place for place, part in enumerate(parts[:-1]) if part in ("site-packages", "dist-packages")]
    return parts[places[-1] + 1].removesuffix(".py") if places else ""


def _of_python(file: Path) -> bool:
    return any(file.is_relative_to(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def _outside(file: Path) -> bool:
    engine = any(file.is_relative_to(paths.ROOT / folder) for folder in ("benchmark", "embedders"))
    return not (engine or _package(file) or _of_python(file))


def _installed_model(file: Path) -> bool:
    return bool(_package(file)) and _package(file) not in FRAMEWORKS


def _ours(file: Path) -> bool:
    return file.is_relative_to(paths.ROOT / "embedders")
