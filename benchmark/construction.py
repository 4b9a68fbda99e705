"""How an embedder is made on this machine: the one place where a stranger's module is imported."""

from __future__ import annotations

import difflib
import importlib
import inspect
from dataclasses import dataclass
from typing import Any

from benchmark.errors import ContractError, ParamsError, Unavailable
from embedders.base import Embedder


@dataclass(frozen=True)
class Construction:
    """How to make an embedder; small and picklable, so that a worker process can."""

    factory: str
    kwargs: dict[str, Any]
    weights: str | None
    device: str

    def make(self) -> Embedder:
        """Import the module and construct.

        Raises:
            Unavailable: the module imports something that is not installed.
            ParamsError: no such class in the module, or it does not take these arguments.
            ContractError: what was made is no embedder.
        """
        factory = self.load()
        runtime = {"weights": self.weights} if self.weights is not None else {}
        parameters = inspect.signature(factory).parameters
        if self.takes_device():
            runtime["device"] = self.device
        try:
            inspect.signature(factory).bind(**self.kwargs, **runtime)
        except TypeError as error:
            if self.weights is not None and "weights" not in parameters:
                mend = "remove 'weights'"
            else:
                mend = "give 'weights'" if self.weights is None and "weights" in parameters else "mend 'kwargs'"
            raise ParamsError(
                f"{self.factory} does not take these arguments: {error}. It takes {', '.join(parameters) or 'none'}; "
                f"{mend} in params.yaml."
            ) from None
        made = factory(**self.kwargs, **runtime)
        missing = [a for a in ("sample_rate", "dim", "embed") if not hasattr(made, a)]
        if missing:
            lacks = ", ".join(missing)
            raise ContractError(f"{self.factory} has no {lacks}; an embedder needs sample_rate, dim and embed.")
        embedder: Embedder = made
        return embedder

    def takes_device(self) -> bool:
        """Whether this machine's device is for us to say; raises as `load`."""
        return not self.why_no_device()

    def why_no_device(self) -> str:
        """Why the model cannot be told a device, empty where it can; raises as `load`."""
        if "device" not in inspect.signature(self.load()).parameters:
            return "its constructor takes no device"
        return "kwargs fix the device" if "device" in self.kwargs else ""

    def device_in_vain(self) -> str:
        """That a GPU was asked for and the model cannot be told; empty where all is well; raises as `load`."""
        reason = self.why_no_device() if self.device == "cuda" else ""
        return reason and f"--device {self.device} changes nothing: {reason}"

    def load(self) -> Any:
        """Import the module; answers the class, or whatever else makes the embedder.

        Raises:
            Unavailable: the module, or one that it imports, is not installed.
            ParamsError: no such class in the module.
        """
        module, _, name = self.factory.partition(":")
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            needed = (error.name or module).partition(".")[0]
            raise Unavailable(
                f"cannot import {module!r}: {error}", f"Install what it needs: pip install {needed}."
            ) from None
        factory = getattr(found, name, None)
        if callable(factory):
            return factory
        classes = [each for each in vars(found) if isinstance(vars(found)[each], type)]
        near = difflib.get_close_matches(name, classes, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        what = f"has no {name!r}" if factory is None else f"has {name!r}, which is no class"
        raise ParamsError(f"module {module!r} {what}; mend 'factory: {self.factory}' in params.yaml{hint}.")
