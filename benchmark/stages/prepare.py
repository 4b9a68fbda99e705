"""Stage prepare: manifests that follow the data, and a plan for every embedder.

It always runs and costs next to nothing when nothing changed; it is what makes a plain `dvc repro`
notice new weights, a new archive, or a stranger's edited model.
"""

from __future__ import annotations

import os

from benchmark import embedder_spec, paths, plan, preparing, registry
from benchmark.embedder_spec import EmbedderSpec
from benchmark.errors import BenchmarkError, ParamsError
from benchmark.hashing import content_sha256
from benchmark.manifest import Manifest
from benchmark.params import Params
from benchmark.plan import DatasetPlan, Plan, Readiness
from benchmark.progress import say

KEEP_GOING = "MOODBENCH_KEEP_GOING"  # set by `moodbench run`: a broken dataset, or row, fails its own rows only
SKIP_BROKEN = "MOODBENCH_SKIP_BROKEN"  # set by `moodbench run --skip-broken`, read by the command line


def run(params: Params, *, skip_broken: bool = False) -> None:
    """Bring manifests and plans up to date; what is broken is told at the end, after everything else is written.

    `skip_broken` leaves out clips that cannot be decoded; the manifest lists them, and later runs hold to it.

    Raises:
        BenchmarkError: a name in params.yaml is not known (nothing is written), or a dataset or weights are broken.
    """
    tasks = registry.tasks_of(params.suites)
    specs = [embedder_spec.resolve(name, entry) for name, entry in params.embedders.items()]
    for spec in specs:
        try:
            embedder_spec.code(spec)
        except ParamsError as error:  # a module that does not exist stops everything, now
            if not os.environ.get(KEEP_GOING):
                raise ParamsError(f"embedder {spec.name!r}: {error}") from None
    for folder in (paths.MANIFESTS, paths.PLANS):
        folder.mkdir(parents=True, exist_ok=True)  # DVC wants its outputs to exist, though nothing may be in them
    wanted = list(dict.fromkeys(task.dataset for task in tasks))
    problems: list[str] = []
    found: dict[str, tuple[Readiness, Manifest | None]] = {}
    for dataset in wanted:
        found[dataset] = preparing.dataset(dataset, skip_broken=skip_broken)
        if found[dataset][0].state == "failed":
            problems.append(f"dataset {dataset}: {found[dataset][0].reason}")
    for spec in specs:
        made = _plan(spec, found)
        if made.readiness.state == "failed":
            problems.append(f"embedder {spec.name}: {made.readiness.reason}")
        plan.write(made)
    plan.keep_only({spec.name for spec in specs})
    for problem in problems:
        say(f"prepare: {problem}")
    if problems and not os.environ.get(KEEP_GOING):
        raise BenchmarkError(f"prepare: {len(problems)} of the above must be mended; all else is prepared.")


def _plan(spec: EmbedderSpec, found: dict[str, tuple[Readiness, Manifest | None]]) -> Plan:
    declared = spec.weights.sha256 if spec.weights else None
    readiness, identity = Readiness(), None
    try:
        try:
            file = embedder_spec.weights_file(spec)
            sha256 = declared or (content_sha256(file) if file else None)
        except BenchmarkError as error:
            readiness, sha256 = Readiness.of(error), declared
        if readiness.state == "ready" or declared:
            identity = embedder_spec.identity(spec, sha256)
        if readiness.state == "ready":
            embedder_spec.find_checkpoint(spec)
    except BenchmarkError as error:
        readiness = Readiness.of(error)
    return Plan(
        embedder=spec.name,
        identity=identity,
        readiness=readiness,
        datasets={
            dataset: DatasetPlan(
                readiness=state,
                clips_fingerprint=listed.clips_fingerprint if listed else None,
                vectors_fingerprint=(
                    embedder_spec.vectors_fingerprint(identity, listed.clips_fingerprint)
                    if identity is not None and listed
                    else None
                ),
            )
            for dataset, (state, listed) in sorted(found.items())
        },
    )
