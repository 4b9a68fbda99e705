"""`moodbench frames`: what an embedder hears over time, a sequence of vectors a clip, kept on disk.

As in the stage `embed`, what is to be done is decided in a light process, and the model runs apart from it. No task
reads frames, so this is no stage of the pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark import audio, datasets, embedder_spec, entry_points, isolation, manifest, paths
from benchmark.clip_progress import ClipProgress, DatasetJob
from benchmark.construction import Construction
from benchmark.contract import named, validate_frames
from benchmark.declared import fitted, require
from benchmark.embedder_spec import ADAPTERS, EmbedderSpec
from benchmark.embedding import out_of_memory, training_clips
from benchmark.errors import BenchmarkError, ContractError, DatasetError, UnknownNameError
from benchmark.files import LOCK_SECONDS, code_sha256, fingerprint, held
from benchmark.frame_store import KIND, Answer, Frames, FrameWriter, is_current, open_frames
from benchmark.hashing import content_sha256
from benchmark.manifest import Manifest
from benchmark.model_errors import as_benchmark_error
from benchmark.params import EmbedderEntry, Params
from benchmark.progress import say
from benchmark.store import discard, discard_unfinished
from embedders.base import Clip, Declared, FrameEmbedder

__all__ = ["Frames", "open_frames", "run"]

ENGINE = ("benchmark/frames.py",)  # beside what counts for vectors


def run(
    params: Params,
    name: str,
    wanted: Sequence[str],
    *,
    device: str,
    workers: int,
    batch_seconds: float,
    patience: float,
    fresh: bool = False,
) -> None:
    """Embed the frames of some datasets by one row, where they are not there yet.

    Raises:
        BenchmarkError: the row or a dataset is not known, not here or not prepared; the row's model answers no
            frames, raised, died, hung or broke its contract.
    """
    known = params.embedders.keys() | entry_points.names()
    if name not in known:
        raise UnknownNameError("embedder", name, known, "'moodbench list embedders' shows them.")
    spec = embedder_spec.resolve(name, params.embedders.get(name, EmbedderEntry()))
    if spec.factory.startswith("embedders.") and spec.factory not in ADAPTERS.values() and not _has_frames(spec):
        raise _without_frames(name)
    weights = embedder_spec.weights_file(spec)
    embedder_spec.find_checkpoint(spec)
    identity = embedder_spec.identity(spec, content_sha256(weights) if weights else None)
    making = embedder_spec.construction(spec, weights, device)
    with held(paths.lock(f"frames-{name}"), who=f"frames {name}", wait_seconds=LOCK_SECONDS):
        jobs = []
        for dataset in dict.fromkeys(wanted):
            listed = _listed(dataset)
            folder, made = paths.frames(name, dataset), frames_fingerprint(identity, listed)
            if not fresh and is_current(folder, made):
                discard_unfinished(folder)  # of a run that was killed at its very end
                say(f"frames {name}: there already for {dataset}")
                continue
            if fresh:
                discard_unfinished(folder)
            prepared = datasets.audio_of(listed)
            jobs.append(DatasetJob(name, identity, making, listed, prepared, folder, made, workers, batch_seconds))
        if not jobs:
            return
        with _Progress(jobs) as progress:
            isolation.run_apart(
                _extract,
                jobs,
                quiet_seconds=patience,
                doing=progress,
                told=progress.take,
                command="moodbench frames",
            )
        _require_unchanged(spec, identity, jobs)


def _require_unchanged(spec: EmbedderSpec, identity: dict[str, Any], jobs: Sequence[DatasetJob]) -> None:
    """What was made by a model that was edited meanwhile is discarded: it may be of either code."""
    if embedder_spec.was_edited(spec, identity):
        for job in jobs:
            discard(job.folder)
        raise BenchmarkError(
            f"frames {spec.name}: it was edited while it ran, so what it made does not count. Run again."
        )


def frames_fingerprint(identity: dict[str, Any], listed: Manifest) -> str:
    """What one dataset's frames are made from: what its vectors would be made from, and the code here."""
    return fingerprint(
        {
            "kind": KIND,
            "vectors": embedder_spec.vectors_fingerprint(identity, listed.clips_fingerprint),
            "engine": code_sha256([paths.ROOT / file for file in ENGINE], paths.ROOT),
        }
    )


def frames_of(embedder: FrameEmbedder, clips: Sequence[Clip], names: Sequence[str]) -> list[Answer]:
    """The frames of clips, checked; short clips are padded, and a batch is halved when memory is short.

    Raises:
        ContractError: the embedder raised, or answered what the contract forbids.
    """
    declared, rate = Declared.of(embedder), int(embedder.sample_rate)
    padded = [audio.pad_to(clip, round(declared.min_seconds * rate)) for clip in clips]
    cut = len(clips) // 2
    if declared.equal_length and len({len(clip) for clip in padded}) > 1:
        cut = 1  # lengths at the embedder's rate can differ by one sample where the manifest's agreed
    else:
        try:
            return validate_frames(embedder.embed_frames(padded), padded, rate, int(embedder.dim), names)
        except ContractError:
            raise
        except Exception as error:
            if len(clips) < 2 or not out_of_memory(error):
                raise as_benchmark_error(error, f"frames of {named(names)}") from error
    return [
        *frames_of(embedder, clips[:cut], names[:cut]),
        *frames_of(embedder, clips[cut:], names[cut:]),
    ]


# -- the part that runs apart: the only one that imports the model ----------------------------------


def _extract(jobs: Sequence[DatasetJob]) -> None:
    for job in jobs:
        where = f"{job.embedder} on {job.listed.dataset}"
        try:
            _embed(job)
        except SystemExit:
            raise
        except BaseException as error:  # of a stranger's making: cancelled tasks and the like are no Exception
            raise as_benchmark_error(error, where) from error
        isolation.tell({"finished": job.listed.dataset})


def _embed(job: DatasetJob) -> None:
    from benchmark.extraction import plan_batches
    from benchmark.reader import read_batch
    from benchmark.workers import Workers

    embedder = job.making.make()
    if in_vain := job.making.device_in_vain():
        isolation.tell({"note": in_vain})
    if not isinstance(embedder, FrameEmbedder):
        isolation.tell({"without_frames": True})
        raise ContractError(f"embedder {job.embedder!r} has no embed_frames.")
    require(embedder)
    declared, rate, clips = Declared.of(embedder), int(embedder.sample_rate), job.listed.clips
    budget = job.budget_seconds
    batches = plan_batches(job.listed, rate=rate, budget_seconds=budget, equal_length=declared.equal_length)
    writer = FrameWriter(
        job.folder, fingerprint=job.fingerprint, clips=len(clips), dim=int(embedder.dim), batching=str(budget)
    )
    done = writer.done
    seconds = [clip["samples"] / clip["rate"] for clip in clips]
    _tell_clips([row for row, there in enumerate(done) if there], seconds, reused=True)
    pending = [batch for batch in batches if not done[list(batch.rows)].all()]
    ids = [str(clip["id"]) for clip in clips]
    statistics = fitted(embedder, training_clips(job.listed, job.prepared, rate), job.listed.dataset)
    with Workers(job.workers) as pool:
        reads = ((str(job.prepared), rate, [ids[row] for row in batch.rows]) for batch in pending)
        for batch, (read, heard) in zip(pending, pool.in_order(read_batch, reads), strict=True):
            writer.put(batch.rows, frames_of(embedder, heard, read[2]))
            _tell_clips(batch.rows, seconds, reused=False)
    writer.finish(
        {
            "embedder": job.embedder,
            "identity": job.identity,
            "dataset": job.listed.dataset,
            "variant": job.listed.variant,
            "clips_fingerprint": job.listed.clips_fingerprint,
            "sample_rate": rate,
            "padded_clips": sum(bool(each < declared.min_seconds) for each in seconds),
            "statistics": statistics,
        }
    )


def _tell_clips(rows: Sequence[int], seconds: Sequence[float], *, reused: bool) -> None:
    isolation.tell({"clips": len(rows), "audio_seconds": sum(seconds[row] for row in rows), "reused": reused})


# -- what is asked for ------------------------------------------------------------------------------


def _listed(dataset: str) -> Manifest:
    listed = manifest.read(dataset)
    if listed is None:
        datasets.builder_facts(dataset)  # raises for a name that is not known
        raise DatasetError(f"{dataset} has no manifest here. Run 'moodbench data prepare {dataset}' first.")
    return listed


def _has_frames(spec: EmbedderSpec) -> bool:
    """Whether the class of a row of ours answers frames. Its module is imported for that, which loads no framework."""
    return hasattr(Construction(spec.factory, spec.kwargs, None, "auto").load(), FrameEmbedder.embed_frames.__name__)


def _without_frames(name: str) -> BenchmarkError:
    from embedders.catalog import CATALOG
    from embedders.frame_rates import frame_rate

    able: dict[str, str] = {}  # the first row of each kind
    for row, entry in CATALOG.items():  # one without steps may share its class with one that has them
        if frame_rate(entry) is not None and _has_frames(embedder_spec.resolve(row, EmbedderEntry())):
            able.setdefault(entry.factory, row)
    return ContractError(
        f"embedder {name!r} answers no frames, expected one with embed_frames. These have it, and others of their "
        f"kind: {', '.join(able.values())}. A model of your own gets it as embedders/base.py says of FrameEmbedder."
    )


class _Progress(ClipProgress[DatasetJob]):
    """What the other process has told so far."""

    def __init__(self, jobs: Sequence[DatasetJob]) -> None:
        super().__init__("frames", jobs)

    def __str__(self) -> str:
        return f"frames by {super().__str__()}"

    def take(self, news: dict[str, Any]) -> None:
        if "without_frames" in news:
            raise _without_frames(self.left[0].embedder)
        if "note" in news:
            self.note(news)
        if "clips" in news:
            self.count(news, reused=news["reused"])
        if "finished" in news:
            self.next()
