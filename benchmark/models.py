"""What the rows of a leaderboard are: size, vector length, training sets. No model is imported, nothing is timed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmark import contamination, embedder_spec, manifest
from benchmark.board import Model
from benchmark.cell import Cell
from benchmark.embedder_spec import EmbedderSpec
from benchmark.errors import BenchmarkError
from benchmark.params import Params
from tasks.base import Task

FLOAT_BYTES = 4


def specs(params: Params) -> list[EmbedderSpec]:
    """The rows of params.yaml, resolved."""
    return [embedder_spec.resolve(name, entry) for name, entry in params.embedders.items()]


def of_rows(rows: Sequence[EmbedderSpec], tasks: Sequence[Task], cells: Mapping[tuple[str, str], Cell]) -> list[Model]:
    """A `Model` a row; vector lengths come from its cells, else from the catalogue where the row changes nothing."""
    rate = clips_per_hour(dict.fromkeys(task.dataset for task in tasks))
    found = []
    for spec in rows:
        listed = spec.listed.dim if spec.listed is not None else None
        dim = next((cell.dim for (name, _), cell in cells.items() if name == spec.name), listed)
        found.append(
            Model(
                embedder=spec.name,
                parameters=spec.parameters,
                dim=dim,
                bytes_per_hour=FLOAT_BYTES * dim * rate if dim is not None and rate is not None else None,
                training_sets=spec.training_sets,
            )
        )
    return found


def contaminated(rows: Sequence[EmbedderSpec], tasks: Sequence[Task]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By (embedder, task), the training sets that may hold the task's recordings; clean pairs are left out."""
    pairs = {(spec.name, task.name): contamination.shared(spec.training_sets, task) for spec in rows for task in tasks}
    return {pair: names for pair, names in pairs.items() if names}


def clips_per_hour(datasets: Iterable[str]) -> float | None:
    """Clips in an hour of the audio of some datasets, from their manifests; None where none is there."""
    clips, seconds = 0, 0.0
    for dataset in datasets:
        try:
            listed = manifest.read(dataset)
        except BenchmarkError:
            continue  # its rows say what is wrong with it
        if listed is not None:
            clips += len(listed.clips)
            seconds += sum(clip["samples"] / clip["rate"] for clip in listed.clips)
    return 3600 * clips / seconds if seconds else None
