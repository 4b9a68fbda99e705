"""The arguments of EmbedderTransformer: names as `benchmark.embedder` takes them, values that are checked in `fit`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from benchmark import EmbedderTransformer
from benchmark.errors import ContractError, ParamsError, UnknownNameError
from embedders.logmel import LogMelStats

CLIPS = list(np.random.default_rng(4).uniform(-0.5, 0.5, (8, 4000)).astype(np.float32))


def test_a_row_of_params_is_a_name(project, fakes):
    """As `benchmark.embedder` takes it, arguments of the row and of the transformer merged."""
    (project / "params.yaml").write_text(
        "suites: [demo]\nembedders:\n  mine: {factory: 'small_embedders:Scaled', kwargs: {factor: 2.0}}\n"
    )
    clips = [np.full(800, 0.25, np.float32)]
    assert EmbedderTransformer("mine").fit_transform(clips)[0, 0] == pytest.approx(0.5)
    assert EmbedderTransformer("mine", kwargs={"factor": 3.0}).fit_transform(clips)[0, 0] == pytest.approx(0.75)
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        EmbedderTransformer("mime").fit(CLIPS)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("sample_rate", 0, "sample_rate is 0, expected a whole number of Hz above 0, or None"),
        ("sample_rate", 8000.5, r"sample_rate is 8000\.5, expected a whole number"),
        ("sample_rate", True, "sample_rate is True, expected a whole number"),
        ("batch_seconds", -1, "batch_seconds is -1, expected a finite number of seconds above 0"),
        ("batch_seconds", np.nan, "batch_seconds is nan, expected a finite number"),
        ("device", "banana", "device is 'banana', expected auto, cpu or cuda"),
        ("kwargs", ["dim"], r"kwargs is \['dim'\], expected a mapping of arguments to values"),
        ("weights", 3, "weights is 3, expected the path of a file"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_fit(argument, value, message):
    given = EmbedderTransformer("logmel_stats", **{argument: value})
    with pytest.raises(ParamsError, match=message):
        given.fit(CLIPS)
    if argument in ("sample_rate", "batch_seconds"):
        fitted = EmbedderTransformer("logmel_stats").fit(CLIPS).set_params(**{argument: value})
        with pytest.raises(ParamsError, match=message):
            fitted.transform(CLIPS)


def test_numbers_of_numpy_are_numbers():
    given = EmbedderTransformer("logmel_stats", sample_rate=np.int64(16000), batch_seconds=np.float32(1))
    assert given.fit_transform(CLIPS).shape == (8, 128)


def test_what_an_object_has_no_use_for_is_refused():
    given = EmbedderTransformer(LogMelStats(), kwargs={"x": 1}, weights="nofile", device="cuda")
    with pytest.raises(ParamsError, match="found kwargs and weights and device beside an object, expected them beside"):
        given.fit(CLIPS)
    grid = {"embeddertransformer__kwargs": [{"bands": 32}, {"bands": 64}]}
    search = GridSearchCV(make_pipeline(EmbedderTransformer(LogMelStats()), LogisticRegression()), grid, cv=2)
    with pytest.raises(ValueError, match="found kwargs beside an object"):
        search.fit(CLIPS, [0, 1] * 4)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"dim": 2.0}, r"Odd: dim is 2\.0, expected a whole number above 0"),
        ({"sample_rate": 0, "min_seconds": "1"}, "Odd: sample_rate is 0.*; min_seconds is '1', expected a finite"),
    ],
)
def test_declarations_that_cannot_be_are_refused(declared, message):
    with pytest.raises(ContractError, match=message):
        EmbedderTransformer(type("Odd", (LogMelStats,), declared)()).fit(CLIPS)
