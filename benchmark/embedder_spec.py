"""From an entry of params.yaml to what an embedder is, by name and by hash, without importing it."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import contamination, entry_points, paths, registry
from benchmark.cell import PROTOCOL_VERSION
from benchmark.construction import Construction
from benchmark.errors import BenchmarkError, ParamsError, Unavailable, WeightsError
from benchmark.files import canonical, code_sha256, fingerprint
from benchmark.hashing import content_sha256
from benchmark.model_errors import (
    as_benchmark_error as as_benchmark_error,  # embedding.py has it from here, and its bytes are in every fingerprint
)
from benchmark.params import EmbedderEntry
from embedders.base import EmbedderError, Entry, Weights

ADAPTERS = {  # what makes an embedder of an entry of that kind; its argument `wraps` names the stranger's module
    "hear": "embedders.adapters.hear:Hear",
    "mteb": "embedders.adapters.mteb:Mteb",
    "xares": "embedders.adapters.xares:Xares",
    "function": "embedders.adapters.function:Function",
}
ENGINE = ("benchmark/audio.py", "benchmark/embedding.py", "embedders/windows.py")  # what of ours can change any vector


@dataclass(frozen=True)
class EmbedderSpec:
    """A resolved row: what is known by name and params.yaml merged. `entry` is None for a stranger's model."""

    name: str
    factory: str
    kwargs: dict[str, Any]
    weights: Weights | None  # a catalogue file, known by its sha256
    weights_path: str | None  # the user's own file
    libraries: tuple[str, ...]
    entry: Entry | None
    training_sets: tuple[str, ...] = ()  # not part of what the vectors are made from
    stated_parameters: int | None = None  # in params.yaml

    @property
    def listed(self) -> Entry | None:
        """`entry`, unless the row changes its arguments: size, rate and parameters may be others then."""
        return self.entry if self.entry is not None and self.kwargs == dict(self.entry.kwargs) else None

    @property
    def parameters(self) -> int | None:
        """How many it has, by params.yaml or else as it is listed; None where nobody says."""
        if self.stated_parameters is not None or self.listed is None:
            return self.stated_parameters
        return self.listed.parameters


def resolve(name: str, given: EmbedderEntry) -> EmbedderSpec:
    """Merge an entry of params.yaml with the catalogue.

    Raises:
        UnknownNameError: neither the name nor `like` is known, and no model of one's own is given; or a training set
            is no corpus by name.
        BenchmarkError: an installed package claims the name besides, or declares something else than an embedder.
    """
    contamination.check_names(given.training_sets or (), name)
    kwargs, factory = dict(given.kwargs), given.factory
    for kind, adapter in ADAPTERS.items():
        if wraps := getattr(given, kind):
            if "wraps" in kwargs:
                raise ParamsError(f"row {name!r}: 'wraps' in kwargs is what '{kind}: {wraps}' says already; remove it.")
            kwargs, factory = {**kwargs, "wraps": wraps}, adapter
    if isinstance(kwargs.get("weights"), str) and _names_a_file(kwargs["weights"]):
        raise ParamsError(
            f"row {name!r}: kwargs hold weights {kwargs['weights']!r}, a file that no fingerprint would know. Write it "
            "beside 'kwargs': weights: …"
        )
    entry = entry_points.known(given.like or name, row=name) if factory is None else factory
    if isinstance(entry, str):
        return EmbedderSpec(
            name,
            entry,
            kwargs,
            None,
            given.weights,
            tuple(given.libraries),
            None,
            tuple(given.training_sets or ()),
            given.parameters,
        )
    return EmbedderSpec(
        name,
        entry.factory,
        {**entry.kwargs, **given.kwargs},
        entry.weights if given.weights is None else None,
        given.weights,
        tuple(dict.fromkeys((*entry.libraries, *given.libraries))),
        entry,
        entry.training_sets if given.training_sets is None else tuple(given.training_sets),
        given.parameters,
    )


def _names_a_file(text: str) -> bool:
    """Whether text may be a path; a word such as DEFAULT, by which libraries know weights of their own, is none."""
    return bool(re.search(r"[/\\~]|\.[A-Za-z]\w*$", text)) or (paths.ROOT / text).exists()


def code(spec: EmbedderSpec) -> dict[str, str]:
    """The sha256 of each file that makes an embedder; with an adapter, those of what it wraps, too.

    Raises:
        ParamsError: a module is not found.
    """
    named = [spec.factory]
    if spec.factory in ADAPTERS.values() and "wraps" in spec.kwargs:
        named.append(str(spec.kwargs["wraps"]))
    found: dict[str, str] = {}
    for each in named:
        root, files = registry.embedder_files(each)
        found |= code_sha256(files, root)
    return found


def weights_file(spec: EmbedderSpec, *, fetch: bool = True) -> Path | None:
    """The checked weights file of a row on this machine, None for a row without weights.

    A relative path in params.yaml starts at the project's folder, wherever the command runs.

    Raises:
        Unavailable: not here, and not to be fetched.
        WeightsError: here, but not the declared file.
    """
    from benchmark import weights

    try:
        given = str(paths.ROOT / Path(spec.weights_path).expanduser()) if spec.weights_path else None
    except RuntimeError as error:  # "~somebody" whom this machine does not know
        raise WeightsError(
            f"weights {spec.weights_path!r}: {str(error).rstrip('.')}. Write the whole path in params.yaml."
        ) from None
    return weights.resolve(
        spec.weights, given, folders=paths.weights_folders(), cache=paths.cache_folder(), fetch=fetch
    )


def find_checkpoint(spec: EmbedderSpec, *, fetch: bool = True) -> None:
    """Asks an embedder of ours that looks for its weights itself (`find_weights`) whether they can be had.

    Only a module of ours is imported for it, which loads no framework, and only for a row that names a checkpoint.

    Raises:
        Unavailable: they are not here, and cannot be fetched.
        ContractError: what is here is no checkpoint.
    """
    named = {"model", "handle"} & spec.kwargs.keys()
    if spec.weights or spec.weights_path or not named or not spec.factory.startswith("embedders."):
        return
    making = Construction(spec.factory, spec.kwargs, None, "auto")
    find = getattr(making.load(), "find_weights", None)
    if find is not None:
        try:
            find(spec.kwargs, fetch=fetch)
        except EmbedderError as error:
            raise as_benchmark_error(error, spec.name) from error


def identity(spec: EmbedderSpec, weights_sha256: str | None) -> dict[str, Any]:
    """What makes an embedder what it is, as JSON: never a machine's path, never a device.

    Raises:
        Unavailable: a library that it computes with is not installed.
    """
    return {
        "factory": spec.factory,
        "kwargs": spec.kwargs,
        "code": code(spec),
        "weights_sha256": weights_sha256,
        "libraries": {library: _installed(library, spec) for library in spec.libraries},
    }


def is_as_planned(spec: EmbedderSpec, planned: Mapping[str, Any] | None) -> bool:
    """Whether code, arguments, weights and libraries of a row are those of an identity in a plan.

    What cannot be had now, such as weights that have gone, changes nothing that was made before.
    """
    if planned is None:
        return True
    sha256: str | None = planned["weights_sha256"]
    if spec.weights is None:
        with suppress(BenchmarkError):
            file = weights_file(spec, fetch=False)
            sha256 = content_sha256(file) if file else None
    else:
        sha256 = spec.weights.sha256 or sha256
    try:
        return canonical(identity(spec, sha256)) == canonical(planned)
    except Unavailable:
        return True


def was_edited(spec: EmbedderSpec, planned: Mapping[str, Any] | None) -> bool:
    """Whether a row that ran by a plan, or by an identity, is another now; so it is where its module has gone."""
    try:
        return not is_as_planned(spec, planned)
    except BenchmarkError:
        return True


def vectors_fingerprint(who: Mapping[str, Any], clips_fingerprint: str) -> str:
    """What one dataset's vectors are made from: embedder, clips, engine code, resampler and protocol."""
    return fingerprint(
        {
            "embedder": who,
            "clips": clips_fingerprint,
            "engine": code_sha256([paths.ROOT / file for file in ENGINE], paths.ROOT),
            "soxr": importlib.metadata.version("soxr"),
            "dtype": "float32",
            "protocol": PROTOCOL_VERSION,
        }
    )


def construction(spec: EmbedderSpec, weights_file: Path | None, device: str) -> Construction:
    """The construction of a resolved row on this machine."""
    return Construction(spec.factory, spec.kwargs, str(weights_file) if weights_file else None, device)


def construction_here(spec: EmbedderSpec, device: str, *, fetch: bool = True) -> Construction:
    """The construction of a resolved row whose libraries, module and weights file have been found on this machine.

    Raises:
        Unavailable: a library is not installed; or the weights file is not here, and not to be fetched.
        ParamsError: its module is not found.
        WeightsError: the weights file is here, but not the declared one.
    """
    identity(spec, None)
    return construction(spec, weights_file(spec, fetch=fetch), device)


def _installed(library: str, spec: EmbedderSpec) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        extra = spec.entry.extra if spec.entry else ""
        line = f"pip install 'moodbench[{extra}]'" if extra else f"pip install {library}"
        raise Unavailable(f"{library} is not installed", f"Install it: {line}.") from None
