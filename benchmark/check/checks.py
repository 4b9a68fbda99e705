"""The table of checks, in order: what is tried, what is expected, why it matters, how it is usually mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.check import answers, growth, rate, signals, state
from benchmark.check.subject import Subject


@dataclass(frozen=True)
class Check:
    """One thing that is tried, after the checks in `needs` have passed.

    `breach` is what an `AnswerError` calls the breach that this very check looks for.
    """

    name: str
    run: Callable[[Subject], str]
    needs: tuple[str, ...]
    expected: str
    why: str
    mend: str
    breach: str = ""


_EQUAL = "the same vectors within the declared tolerance"
_FINITE = "finite vectors"
CHECKS = (
    Check(
        "attributes",
        answers.attributes,
        (),
        "an int above 0 for either",
        "The engine resamples to sample_rate and stores dim numbers a clip; results keep both as JSON.",
        "Set both as plain ints on the class: int(…) of what numpy or torch counted.",
    ),
    Check(
        "statistics",
        answers.statistics,
        ("attributes",),
        "a record that JSON can hold",
        "It is kept beside the vectors, to tell what they were made with.",
        "Answer plain, finite numbers and text.",
    ),
    Check(
        "shape",
        answers.shape,
        ("statistics",),
        "a numpy array (clips, dim)",
        "Rows are stored by their place: one too many or too few, and labels belong to other clips.",
        "Answer one row a clip, as numpy on the CPU, or correct dim.",
    ),
    Check(
        "dtype",
        answers.dtype,
        ("shape",),
        "float32",
        "The store holds float32; a silent cast would hide an overflow, and whole numbers have lost what they rounded.",
        "Answer vectors.astype(numpy.float32).",
    ),
    Check(
        "finite",
        answers.finite,
        ("dtype",),
        "finite vectors for clips of several lengths",
        "One NaN spoils the standardisation of a whole fold.",
        "If the model cannot mask, declare equal_length; else guard logarithms and divisions.",
        "finite",
    ),
    Check(
        "deterministic",
        answers.deterministic,
        ("finite",),
        _EQUAL + " in two calls",
        "A figure that nobody can make again, nor tell from luck.",
        "Dropout on, or an unseeded draw? Put the network into evaluation mode; crop at fixed places.",
    ),
    Check(
        "instances",
        answers.instances,
        ("deterministic",),
        _EQUAL + " from two objects",
        "Workers each make their own object, and so does the next run.",
        "Load every weight from the file; draw what is random from a seed of its own.",
    ),
    Check(
        "order",
        answers.order,
        ("deterministic",),
        "rows in the order of the clips",
        "Labels would go to other clips, and scores fall without an error.",
        "Undo the sorting before answering.",
    ),
    Check(
        "batch mates",
        answers.batch_mates,
        ("order",),
        _EQUAL + " alone and in a batch",
        "The score would depend on the batch budget, and test clips could tell of each other.",
        "Does padding leak into pooling? Mask it, leave batch norm in evaluation mode, or declare equal_length.",
    ),
    Check(
        "different clips",
        answers.different,
        ("finite",),
        "different vectors",
        "No probe can tell clips apart that have one vector.",
        "Is the input used at all? Look for a scale or a mask that empties it, or a cache whose key is a clip's begin.",
    ),
    Check(
        "inputs",
        answers.inputs,
        ("dtype",),
        "samples as they were",
        "The next embedder may be given the same arrays.",
        "Copy before working in place.",
    ),
    Check(
        "own memory",
        answers.own_memory,
        ("dtype",),
        "a new array for each call",
        "A reused buffer overwrites vectors that are not stored yet.",
        "Answer a copy.",
    ),
    Check(
        "rate",
        rate.as_declared,
        ("batch mates", "different clips"),
        "samples that are taken at the declared rate",
        "The engine has resampled to sample_rate already; once more, and all pitches and tempi are wrong.",
        "Declare the rate that the network wants as sample_rate, and resample nowhere else.",
    ),
    Check(
        "state",
        state.unchanged,
        ("deterministic",),
        "the state of the process as it was",
        "What runs next in the process, another model or a probe, computes otherwise or reads elsewhere.",
        "Use generators and options of your own, or put the state back.",
    ),
    Check(
        "silence",
        answers.on(lambda s: [signals.silence(s.rate)]),
        ("dtype",),
        _FINITE,
        "Corpora hold digital silence.",
        "Add a small constant before a logarithm or a division by the loudness.",
        "finite",
    ),
    Check(
        "very short",
        answers.on(answers.very_short),
        ("dtype",),
        _FINITE,
        "Corpora hold clips of a twentieth of a second.",
        "If the model cannot, declare min_seconds.",
        "finite",
    ),
    Check(
        "long",
        answers.long,
        ("dtype",),
        _FINITE,
        "Music clips last a minute.",
        "Cut into windows and take their mean.",
        "finite",
    ),
    Check(
        "whole clip",
        answers.whole_clip,
        ("different clips", "long"),
        "different vectors",
        "What is heard late in a clip would count for nothing: its labels are of the whole.",
        "Cut nothing off: declare window_seconds, or take the mean over windows of the model's own.",
    ),
    Check(
        "full scale",
        answers.on(lambda s: [signals.square(s.rate)]),
        ("dtype",),
        _FINITE,
        "Loud music touches full scale.",
        "Look for an overflow in half precision, or for a division by the headroom.",
        "finite",
    ),
    Check(
        "tiny",
        answers.on(lambda s: [signals.dither(s.rate)]),
        ("dtype",),
        _FINITE,
        "Logarithms of almost nothing.",
        "Add a small constant before the logarithm.",
        "finite",
    ),
    Check(
        "frames",
        answers.frames,
        ("dtype",),
        "float32 (frames, dim) with rising float64 times inside the clip",
        "Times place the vectors beside annotations.",
        "See FrameEmbedder: a list of pairs; in seconds, and the centre of each frame.",
        "frames",
    ),
    Check(
        "gpu",
        answers.gpu,
        ("deterministic",),
        _EQUAL + " on CPU and GPU",
        "Two machines would give two leaderboards.",
        "TF32 or half precision in use? Switch it off, or declare a larger tolerance.",
    ),
    Check(
        "memory",
        growth.memory,
        ("deterministic",),
        f"less than {growth.LIMIT / 1e6:g} MB gained after the first {growth.WARM_UP} clips",
        "A corpus has tens of thousands of clips: the run is killed hours later.",
        "Keep no answers, graphs or inputs: run without gradients, and bound caches.",
    ),
)
