"""Stage embed: one embedder over every dataset of its plan, doing only what is not there yet.

What is to be done is decided here, in a light process. The embedder runs apart, where it may do what it likes.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark import cost, datasets, isolation, manifest, paths, plan, provenance, store
from benchmark.blame import Blame
from benchmark.clip_progress import ClipProgress, DatasetJob
from benchmark.construction import Construction
from benchmark.embedder_spec import EmbedderSpec, construction, is_as_planned, resolve, was_edited, weights_file
from benchmark.errors import BenchmarkError, ClipsError, ContractError, DatasetError, ProcessDiedError
from benchmark.files import LOCK_SECONDS, held
from benchmark.model_errors import as_benchmark_error
from benchmark.params import Params
from benchmark.plan import DatasetPlan, Plan, Readiness, Status
from benchmark.progress import say
from embedders.base import Embedder

TOLD = ("dim", "device", "parameters", "processor", "peak_bytes", "gpu_peak_bytes")  # of what a model is and costs


def run(
    params: Params,
    embedder: str,
    *,
    device: str,
    workers: int,
    batch_seconds: float,
    patience: float,
    fresh: bool = False,
) -> None:
    """Embed what is missing, and leave the status that `evaluate` reads.

    What is unavailable is recorded, and is no failure. The skip is decided before any model or
    framework is imported. A model counts as hanging after `patience` seconds without a finished batch.

    Raises:
        BenchmarkError: the model raised, died, hung or broke its contract, its weights are not the declared ones,
            or a dataset is broken.
    """
    with held(paths.lock(f"embed-{embedder}"), who=f"embed {embedder}", wait_seconds=LOCK_SECONDS):
        todo = plan.read(embedder)
        spec = resolve(embedder, params.embedders[embedder])
        _require_as_planned(spec, todo)
        statuses = {
            name: DatasetPlan(
                readiness=todo.readiness if todo.readiness.state != "ready" else wanted.readiness,
                clips_fingerprint=wanted.clips_fingerprint,
                vectors_fingerprint=wanted.vectors_fingerprint,
            )
            for name, wanted in todo.datasets.items()
        }
        pending = [name for name, wanted in todo.datasets.items() if fresh or not _current(embedder, name, wanted)]
        for name in todo.datasets.keys() - set(pending):  # there already, whatever has since gone missing
            statuses[name] = todo.datasets[name].model_copy(update={"readiness": Readiness()})
        possible = [name for name in pending if statuses[name].readiness.state == "ready"]
        problems: dict[str, BenchmarkError] = {}
        try:
            if possible:
                if fresh:
                    for name in possible:
                        store.discard_unfinished(paths.vectors(embedder, name))
                problems = _embed(spec, todo, possible, device, workers, batch_seconds, patience)
                problems |= _changed_meanwhile(spec, todo, [name for name in possible if name not in problems])
        except BenchmarkError as error:
            problems = dict.fromkeys(possible, error)
        for name, problem in problems.items():
            if _current(embedder, name, todo.datasets[name]):  # with `fresh`, what was there before
                continue
            statuses[name] = statuses[name].model_copy(update={"readiness": Readiness.of(problem)})
        plan.write_status(embedder, Status(datasets=statuses))
        for name in sorted(pending):
            if statuses[name].readiness.state == "unavailable" or name not in possible:
                say(f"embed {embedder}: not run on {name}: {statuses[name].readiness.reason}")
        failed = dict.fromkeys(str(each) for each in problems.values() if Readiness.of(each).state == "failed")
        for sentence in list(failed)[1:]:
            say(f"embed {embedder}: {sentence}")
        for problem in problems.values():
            if str(problem) in failed:
                raise problem


def _current(embedder: str, dataset: str, wanted: DatasetPlan) -> bool:
    known = wanted.vectors_fingerprint
    return known is not None and store.is_current(paths.vectors(embedder, dataset), known)


@dataclass(frozen=True)
class Job(DatasetJob):
    """One dataset to embed, with what is known of clips that the embedder cannot take."""

    blame: Blame = field(default_factory=Blame)


def _require_as_planned(spec: EmbedderSpec, todo: Plan) -> None:
    if not is_as_planned(spec, todo.identity):
        raise BenchmarkError(
            f"embed {todo.embedder}: its code, arguments, weights or libraries are others than when it was planned; "
            "expected the same. Run 'moodbench prepare' first, or 'moodbench run', which does all in order."
        )


def _changed_meanwhile(spec: EmbedderSpec, todo: Plan, finished: Sequence[str]) -> dict[str, BenchmarkError]:
    """Datasets that count as not embedded, because the model was edited while it ran.

    A process that was started later may have read the new code, and nothing tells which vectors are whose.
    """
    if not was_edited(spec, todo.identity):
        return {}
    error = BenchmarkError(
        f"embed {todo.embedder}: it was edited while it ran, so what it embedded does not count. Run 'moodbench run'."
    )
    for name in finished:
        store.discard(paths.vectors(todo.embedder, name))
    return dict.fromkeys(finished, error)


def _embed(
    spec: EmbedderSpec,
    todo: Plan,
    names: Sequence[str],
    device: str,
    workers: int,
    budget_seconds: float,
    patience: float,
) -> dict[str, BenchmarkError]:
    """Embed datasets; answers those that were not finished, with why. A process that dies is started again."""
    making = construction(spec, weights_file(spec), device)
    jobs = []
    for name in names:
        listed = manifest.read(name)
        wanted = todo.datasets[name]
        if listed is None or listed.clips_fingerprint != wanted.clips_fingerprint or not wanted.vectors_fingerprint:
            raise DatasetError(f"the manifest of {name} is not the one planned for; run 'moodbench prepare' again.")
        audio, folder = datasets.audio_of(listed), paths.vectors(todo.embedder, name)
        made = wanted.vectors_fingerprint
        jobs.append(Job(todo.embedder, todo.identity, making, listed, audio, folder, made, workers, budget_seconds))
    with Progress(jobs) as progress:
        try:
            while progress.left:
                try:
                    isolation.run_apart(
                        _extract, progress.left, quiet_seconds=patience, doing=progress, told=progress.take
                    )
                    break
                except ProcessDiedError as error:
                    progress.blame(error)
        except BenchmarkError as error:
            progress.failed |= {job.listed.dataset: error for job in progress.left}
    return progress.failed


def _extract(jobs: Sequence[Job]) -> None:
    """The part that runs apart: the only one that imports the model."""
    from benchmark import extraction

    for job in jobs:
        try:
            if in_vain := job.making.device_in_vain():
                isolation.tell({"note": in_vain})
            done = extraction.extract(
                _Keeping(**vars(job.making)),
                job.listed,
                job.prepared,
                job.folder,
                fingerprint=job.fingerprint,
                workers=job.workers,
                budget_seconds=job.budget_seconds,
                record={"embedder": job.embedder, "identity": job.identity},
                advance=lambda clips, seconds: isolation.tell({"clips": clips, "audio_seconds": seconds}),
                trying=functools.partial(_tell_what_is_tried, job.blame),
                blame=job.blame,
            )
        except SystemExit:
            raise
        except ContractError as error:  # perhaps of this dataset alone
            isolation.tell({"failed": str(error)})
            continue
        except BaseException as error:  # of a stranger's making: cancelled tasks and the like are no Exception
            where = f"{job.embedder} on {job.listed.dataset}"
            raise as_benchmark_error(error, where) from error
        costs = cost.together([cost.of(_made, job.making.device), *done.costs])
        dim = int(_made.dim) if _made is not None else None
        device = job.making.device if job.making.takes_device() else ""
        isolation.tell({"finished": dataclasses.asdict(done) | costs | {"dim": dim, "device": device}})


def _tell_what_is_tried(blame: Blame, names: Sequence[str]) -> None:
    """For whoever lives on when this process dies of it."""
    isolation.tell({"trying": list(names), "blame": dataclasses.asdict(blame)})


_made: Embedder | None = None  # in the process that runs apart: the model under way


class _Keeping(Construction):
    """Leaves what it makes in `_made`, to be looked at once its weights are loaded."""

    def make(self) -> Embedder:
        global _made
        _made = super().make()
        return _made


class Progress(ClipProgress[Job]):
    """What the other process has told so far: shown, kept in the run's record, and what a death is blamed on."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__("embed", jobs)
        self.failed: dict[str, BenchmarkError] = {}  # by dataset
        self._record: dict[str, Any] = provenance.read_run(jobs[0].embedder)

    def begin(self) -> None:
        """As told there."""
        super().begin()
        self._trying = list[str]()

    def take(self, news: dict[str, Any]) -> None:
        """News of the job under way: a `note`, clips that are `trying`, `clips` embedded, `finished` or `failed`."""
        if "note" in news:
            self.note(news)
        if "trying" in news:
            self._trying = news["trying"]
            self.left[0] = dataclasses.replace(self.left[0], blame=Blame(**news["blame"]))
        if "clips" in news:
            self.count(news, reused=not self._trying)
        if "finished" in news:
            self._keep(self.left[0], news["finished"])
            self.next()
        if "failed" in news:
            self._fail(ContractError(news["failed"]))

    def blame(self, error: ProcessDiedError) -> None:
        """Have the clips tried alone under which the process ended, by another one.

        Raises:
            ProcessDiedError: it ended under no clip at all, or on somebody's order.
            BenchmarkError: the model takes no clip.
        """
        if not self.left:  # all that was asked for is done, and stored
            say(f"embed {self}: {error.how} All was done.")
            return
        if error.outside or not self._trying:
            raise error
        blame, clips = self.left[0].blame, len(self.left[0].listed.clips)
        blame.ended(self._trying, error)
        if blame.gives_up(self.clips):
            if not self.clips:
                raise BenchmarkError(blame.first)
            self._fail(ClipsError(blame.sentence(self.clips, clips)))
            return
        named = repr(self._trying[0]) if len(self._trying) == 1 else f"{len(self._trying)} clips, now tried one by one"
        say(f"embed {self}: {error.how} It was on {named}. Starting again.")
        self.begin()

    def _fail(self, error: BenchmarkError) -> None:
        self.failed[self.left[0].listed.dataset] = error
        self.next()

    def _keep(self, job: Job, done: dict[str, Any]) -> None:
        self._record.setdefault("embed", {})[job.listed.dataset] = {
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": done["seconds"],
            "clips": done["clips"],
            "clips_reused": done["reused"],
            "clips_padded": done["padded"],
            "audio_seconds": done["audio_seconds"],
            "workers": job.workers,
            **{name: done[name] for name in TOLD},
        }
        provenance.write_run(job.embedder, self._record)
