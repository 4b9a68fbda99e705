"""Embedders inside scikit-learn: the same vectors as from `embed`, and what pipelines ask of a transformer."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmark import EmbedderTransformer, audio
from benchmark.errors import ContractError, DatasetError, Unavailable, UnknownNameError
from embedders.logmel import LogMelStats


class Level:
    """Loudness over the loudness of the clips it was fitted to."""

    sample_rate = 8000
    dim = 1
    equal_length = True

    def __init__(self):
        self.reference = None
        self.lengths = []

    def fit_statistics(self, clips, *, dataset):
        self.reference = (dataset, float(np.mean([np.sqrt(np.mean(clip**2)) for clip in clips])))

    def statistics_record(self):
        return {"reference": self.reference[1]}

    def embed(self, clips):
        self.lengths.append({len(clip) for clip in clips})
        levels = [np.sqrt(np.mean(clip**2)) / self.reference[1] for clip in clips]
        return np.array(levels, np.float32)[:, None]


def tones(count=24, rate=16000):
    """Low and high tones in noise, of several lengths, with their classes."""
    rng = np.random.default_rng(4)
    labels = np.arange(count) % 2
    clips = []
    for label in labels:
        time = np.arange(int(rng.uniform(0.2, 0.6) * rate)) / rate
        wave = 0.3 * np.sin(2 * np.pi * (300 if label == 0 else 1500) * rng.uniform(0.8, 1.2) * time)
        clips.append((wave + 0.05 * rng.standard_normal(len(time))).astype(np.float32))
    return clips, labels


def test_vectors_are_the_embedders_own_in_order():
    clips, _ = tones()
    found = EmbedderTransformer("logmel_stats", batch_seconds=1.0).fit_transform(clips)
    wanted = np.concatenate([LogMelStats().embed([clip]) for clip in clips])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_pipeline_learns_and_is_cloned_and_pickled():
    clips, labels = tones()
    pipeline = make_pipeline(EmbedderTransformer("logmel_stats"), StandardScaler(), LogisticRegression())
    assert cross_val_score(pipeline, clips, labels, cv=3).mean() == 1.0
    pipeline.fit(clips, labels)
    again = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(again.predict_proba(clips), pipeline.predict_proba(clips))
    fresh = clone(pipeline)
    with pytest.raises(NotFittedError):
        fresh[0].transform(clips)
    np.testing.assert_array_equal(fresh.fit(clips, labels).predict(clips), labels)


def test_the_documented_script(capsys):
    page = (Path(__file__).parents[1] / "docs" / "use_an_embedder.md").read_text(encoding="utf-8")
    script = page.split('```python title="classify.py"\n')[1].split("```")[0]
    clips, labels = tones()
    given = {
        "train_clips": clips[:16],
        "train_labels": labels[:16],
        "test_clips": clips[16:],
        "test_labels": labels[16:],
    }
    exec(script, given)
    assert capsys.readouterr().out == "1.0\n"


def test_parameters():
    given = EmbedderTransformer("chance", kwargs={"dim": 5}, sample_rate=8000)
    assert given.get_params() == {
        "embedder": "chance",
        "sample_rate": 8000,
        "weights": None,
        "kwargs": {"dim": 5},
        "device": "auto",
        "dataset": "clips",
        "batch_seconds": 120.0,
    }
    clips, _ = tones(4)
    assert given.fit_transform(clips).shape == (4, 5)
    assert clone(given).set_params(kwargs={"dim": 7}).fit_transform(clips).shape == (4, 7)
    names = list(given.get_feature_names_out())
    assert names == [f"embeddertransformer{place}" for place in range(5)]
    assert list(given.set_output(transform="pandas").transform(clips).columns) == names


def test_a_fitted_embedder_sees_the_clips_of_fit_alone():
    given = Level()
    pipeline = Pipeline([("embed", EmbedderTransformer(given, dataset="mine"))])
    ones = [np.full(n, 0.5, np.float32) for n in (100, 200, 100)]
    pipeline.fit(ones)
    twice = [np.full(n, 1.0, np.float32) for n in (100, 200, 100, 300)]
    np.testing.assert_allclose(pipeline.transform(twice), np.full((4, 1), 2.0), rtol=1e-6)
    assert given.reference is None, "the parameter was changed"
    used = pipeline[0].embedder_
    assert used.reference == ("mine", 0.5)
    assert all(len(lengths) == 1 for lengths in used.lengths)
    assert pickle.loads(pickle.dumps(pipeline)).transform(twice)[0, 0] == pytest.approx(2.0)


def test_files_arrays_and_integers_are_one_clip(tmp_path):
    stereo = np.random.default_rng(2).integers(-9000, 9000, (4410, 2)).astype(np.int16)
    soundfile.write(tmp_path / "clip.wav", stereo, 22050)
    mono = stereo.astype(np.float32).mean(axis=1) / 32768
    by_hand = LogMelStats().embed([audio.resample(mono, 22050, 16000)])
    paths = [tmp_path / "clip.wav", str(tmp_path / "clip.wav")]
    np.testing.assert_allclose(
        EmbedderTransformer("logmel_stats").fit_transform(paths), by_hand.repeat(2, 0), rtol=1e-5
    )
    at_22050 = EmbedderTransformer("logmel_stats", sample_rate=22050)
    np.testing.assert_allclose(at_22050.fit_transform([mono.astype(np.float64)]), by_hand, rtol=1e-5)
    left = np.ascontiguousarray(stereo[:, 0])
    as_floats = at_22050.transform([left.astype(np.float32) / 32768])
    np.testing.assert_array_equal(at_22050.transform([left]), as_floats)
    table = np.stack([mono, mono])  # rows of one length may come as one array
    assert at_22050.transform(table).shape == (2, 128)


@pytest.fixture
def table(tmp_path):
    """Six files as rows of a table whose index was shuffled, with the vectors of the rows in their order."""
    clips, labels = tones(6)
    for place, clip in enumerate(clips):
        soundfile.write(tmp_path / f"{place}.wav", clip, 16000, subtype="FLOAT")
    files = [str(tmp_path / f"{place}.wav") for place in range(6)]
    rows = pd.DataFrame({"path": files, "label": labels}).sample(frac=1, random_state=0)
    assert list(rows.index) != list(range(6))
    return rows, LogMelStats().embed([clips[place] for place in rows.index])


def test_a_table_is_read_by_its_order_and_not_by_its_index(table):
    rows, wanted = table
    found = EmbedderTransformer("logmel_stats").fit_transform(rows["path"], rows["label"])
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    half = rows.iloc[3:]  # label 0 is not among them, as after train_test_split
    np.testing.assert_allclose(
        EmbedderTransformer(Level()).fit(half["path"]).transform(half["path"]),
        EmbedderTransformer(Level()).fit_transform(list(half["path"])),
    )
    named = EmbedderTransformer("logmel_stats").set_output(transform="pandas").fit_transform(half["path"])
    assert list(named.index) == list(half.index)
    np.testing.assert_allclose(named, wanted[3:], rtol=1e-5)


def test_a_column_is_embedded_within_a_table(table):
    rows, wanted = table
    found = make_column_transformer((EmbedderTransformer("logmel_stats"), "path"), remainder="passthrough")
    np.testing.assert_allclose(found.fit_transform(rows), np.column_stack([wanted, rows["label"]]), rtol=1e-5)
    with pytest.raises(DatasetError, match=r"found a DataFrame as clips.*Give one of its columns: X\['path'\]"):
        EmbedderTransformer("logmel_stats").fit(rows[["path"]])


def test_several_processes_take_a_name_and_an_object():
    clips, labels = tones(8)
    for given in ("logmel_stats", Level()):
        pipeline = make_pipeline(EmbedderTransformer(given), LogisticRegression())
        alone, beside = (cross_val_score(pipeline, clips, labels, cv=2, n_jobs=jobs) for jobs in (1, 2))
        np.testing.assert_array_equal(beside, alone)


def test_windows_keep_to_the_budget():
    class Windowed(Level):
        window_seconds = 0.1
        calls = ()

        def embed(self, clips):
            self.calls = (*self.calls, len(clips))
            return super().embed(clips)

    given = EmbedderTransformer(Windowed(), batch_seconds=0.2).fit([np.full(800, 0.5)])
    given.transform([np.full(8000, 0.5)])
    assert given.embedder_.calls == (2, 2, 2, 2, 2)


def test_short_clips_are_padded_and_overshoot_is_held():
    padded = np.zeros(400, np.float32)
    padded[:100] = 0.25
    found = EmbedderTransformer("logmel_stats").fit_transform([padded[:100], padded])
    np.testing.assert_array_equal(found[0], found[1])
    loud = np.where(np.arange(800) % 40 < 20, 1.1, -1.1)
    found = EmbedderTransformer("logmel_stats").fit_transform([loud, np.clip(loud, -1, 1)])
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ("clip.wav", "found str as clips, expected a sequence"),
        ([], "found no clips"),
        (np.zeros(100, np.float32), r"clip 0 has shape \(\) and type float32, expected a path, or one dimension"),
        ([np.zeros((2, 100))], r"clip 0 has shape \(2, 100\)"),
        ([np.zeros(500), np.arange(500)], "clip 1 has shape .* and type int64"),
        ([np.arange(500.0)], r"clip 0 reaches 499, expected samples in \[-1, 1\]. Divide"),
        ([np.full(500, np.nan)], "clip 0 reaches nan"),
        (["absent.wav"], "clip 'absent.wav' cannot be read: .*Expected an audio file"),
        ((each for each in "ab"), r"found generator as clips, expected a sequence of arrays or paths\. Give a list"),
        ({0: np.zeros(100)}, "found dict as clips, expected a sequence"),
        (np.array("clip.wav"), "found ndarray as clips, expected a sequence"),
        ([[np.zeros(3), np.zeros(4)]], "clip 0 is a list that numpy does not take: .*Expected a path, or an array"),
        ([np.zeros((500, 2), np.int16)], r"clip 0 has shape \(500, 2\) and type int16.*mixed to mono"),
    ],
)
def test_what_is_no_clip_is_refused(clips, message):
    with pytest.raises(DatasetError, match=message):
        EmbedderTransformer("logmel_stats").fit_transform(clips)


def test_what_is_no_embedder_is_refused():
    clips, _ = tones(2)
    with pytest.raises(UnknownNameError, match="Did you mean 'logmel_stats'"):
        EmbedderTransformer("logmel_stat").fit(clips)
    with pytest.raises(Unavailable, match="byol_a_512"):
        EmbedderTransformer("byol_a_512").fit(clips)

    for given, told in ((LogMelStats, "the class LogMelStats"), (None, "None"), (3, "3")):
        with pytest.raises(ContractError, match=f"embedder is {told}, expected a name of the catalogue or of params"):
            EmbedderTransformer(given).fit(clips)

    class Broken(LogMelStats):
        def embed(self, clips):
            return super().embed(clips)[:, :-1]

    with pytest.raises(ContractError, match="127"):
        EmbedderTransformer(Broken()).fit_transform(clips)


def test_a_file_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    with pytest.raises(DatasetError, match=r"empty\.wav' holds no samples, expected some\. Leave it out"):
        EmbedderTransformer("logmel_stats").fit_transform([tmp_path / "empty.wav"])
