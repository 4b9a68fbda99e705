"""Plans: what one embedder is to do, as a file that DVC can depend on.

A plan changes exactly when the embedder's own code, arguments, weights or clips changed, or when
something it lacked has appeared. It holds hashes and states, never a machine's paths.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from benchmark import paths
from benchmark.cell import Record
from benchmark.errors import BenchmarkError, Unavailable
from benchmark.files import write_json

Kind = TypeVar("Kind", bound=Record)
State = Literal["ready", "unavailable", "failed"]
SCHEMA_VERSION = 1


class Readiness(Record):
    """Whether something can be used now; if not, why, and the way out."""

    state: State = "ready"
    reason: str = ""
    way_out: str = ""

    @classmethod
    def of(cls, error: BenchmarkError) -> Readiness:
        """The state that an error means: what is missing is unavailable, anything else has failed."""
        if isinstance(error, Unavailable):
            return cls(state="unavailable", reason=paths.portable(error.what), way_out=paths.portable(error.way_out))
        return cls(state="failed", reason=paths.portable(str(error)))


class DatasetPlan(Record):
    """One dataset that an embedder is wanted on. Fingerprints are None while they cannot be known."""

    readiness: Readiness = Field(default_factory=Readiness)
    clips_fingerprint: str | None = None
    vectors_fingerprint: str | None = None


class Plan(Record):
    """One embedder: who it is, whether it can run, and on which datasets."""

    schema_version: int = SCHEMA_VERSION
    embedder: str
    identity: dict[str, Any] | None
    readiness: Readiness
    datasets: dict[str, DatasetPlan]


def write(plan: Plan) -> bool:
    """Store a plan; False, and the file untouched, when nothing changed."""
    return write_json(paths.plan(plan.embedder), plan.model_dump())


def keep_only(embedders: set[str]) -> None:
    """Remove the plans of embedders that left params.yaml: the folder is a function of it."""
    for file in paths.PLANS.glob("*.json"):
        if file.stem not in embedders:
            file.unlink()


def read(embedder: str) -> Plan:
    """The stored plan.

    Raises:
        BenchmarkError: there is none, it is not readable, or it is another's: of another schema or embedder.
    """
    redo = "run 'moodbench prepare' again."
    absent = f"no plan for embedder {embedder!r}; run 'moodbench prepare' first."
    found = _read(Plan, paths.plan(embedder), absent=absent, redo=redo)
    if found.embedder != embedder:
        raise BenchmarkError(
            f"plans/{embedder}.json is the plan of {found.embedder!r}, expected that of {embedder!r}; {redo}"
        )
    return found


class Status(Record):
    """What `embed` leaves for `evaluate` beside the vectors: the datasets of its plan."""

    datasets: dict[str, DatasetPlan]


def write_status(embedder: str, status: Status) -> bool:
    """Store the status inside the embedder's output folder."""
    return write_json(paths.embed_status(embedder), status.model_dump())


def read_status(embedder: str) -> Status:
    """The stored status.

    Raises:
        BenchmarkError: the embed stage has not run, or what it left is not readable.
    """
    return _read(
        Status,
        paths.embed_status(embedder),
        absent=f"embedder {embedder!r} has not been through 'moodbench embed' yet.",
        redo=f"run 'moodbench embed {embedder}' (or dvc repro) again.",
    )


def _read(kind: type[Kind], path: Path, *, absent: str, redo: str) -> Kind:
    name = f"{path.parent.name}/{path.name}"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        schema = raw.get("schema_version", SCHEMA_VERSION) if isinstance(raw, dict) else SCHEMA_VERSION
        if schema == SCHEMA_VERSION:
            return kind.model_validate(raw)
    except FileNotFoundError:
        raise BenchmarkError(absent) from None
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{name} is not readable ({type(error).__name__}); {redo}") from None
    raise BenchmarkError(f"{name} has schema version {schema}, this moodbench reads {SCHEMA_VERSION}; {redo}")
