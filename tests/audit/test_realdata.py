"""Leaks planted into real speech are found, all of them, and clean corpora raise no false alarm."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import soundfile
import soxr

from benchmark import datasets, registry
from benchmark.audit import record
from benchmark.audit.verdict import judge

pytestmark = pytest.mark.realdata

ARCHIVE = "Audio_Speech_Actors_01-24.zip"
TOP = "Audio_Speech_Actors_01-24"
TWINS = ("Actor_07/03-01-03-01-02-01-07", "Actor_07/03-01-03-01-02-02-07")  # RAVDESS's own: equal to the last sample
TEST, TRAIN = ("04", "01", "22", "16"), ("12", "11", "23", "15")  # actors of SERAB's parts
EMOTIONS = {"exact": "05", "ogg": "06", "begun later": "08"}


def clip(actor: str, emotion: str) -> str:
    return f"Actor_{actor}/03-01-{emotion}-01-01-01-{actor}"


def encoded(samples: np.ndarray, rate: int, kind: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind)
    return stream.getvalue()


def changed(raw: bytes, kind: str) -> tuple[str, bytes]:
    """Extension and bytes of a copy; those that are no equal copy differ in all that a listener would not notice."""
    samples, rate = soundfile.read(io.BytesIO(raw), dtype="float32")
    if kind == "ogg":
        return "ogg", encoded(samples * np.float32(10 ** (-6 / 20)), rate, "OGG")
    if kind == "begun later":
        return "wav", encoded(soxr.resample(samples[round(0.3 * rate) :], rate, 22050, quality="HQ"), 22050, "WAV")
    return "flac", raw


@pytest.fixture
def planted(data_folder, tmp_path, pack):
    """Two hundred clips of RAVDESS: a sentence an actor and emotion, twelve of them in another actor's place."""
    with zipfile.ZipFile(data_folder / "manual" / ARCHIVE) as archive:
        stems = {name.removeprefix(f"{TOP}/").rpartition(".")[0]: name for name in archive.namelist()}
        actors = [f"{n:02}" for n in range(1, 25)]
        wanted = [*(clip(a, f"0{e}") for a in actors for e in range(1, 9)), *TWINS]
        found = {stem: (stems[stem].rpartition(".")[2], archive.read(stems[stem])) for stem in wanted}
    for kind, emotion in EMOTIONS.items():
        for source, target in zip(TEST, TRAIN, strict=True):
            found[clip(target, emotion)] = changed(found[clip(source, emotion)][1], kind)
    members = {f"{TOP}/{stem}.{extension}": raw for stem, (extension, raw) in sorted(found.items())}
    pack(tmp_path / "manual" / ARCHIVE, members)
    return tmp_path


def stems_of(*clips: str) -> frozenset[str]:
    return frozenset(name.rpartition(".")[0] for name in clips)


@pytest.mark.usefixtures("inline_workers")
def test_every_planted_leak_is_found_and_nothing_else(planted, monkeypatch):
    monkeypatch.setenv("MOODBENCH_DATA", str(planted))
    task = registry.task("ravdess_serab")
    listed = datasets.base_manifest("ravdess").with_splits([task])
    found = record.examine(listed, datasets.audio_of(listed), workers=1)
    actors = list(zip(TEST, TRAIN, strict=True))
    pairs = {kind: {frozenset((clip(a, e), clip(b, e))) for a, b in actors} for kind, e in EMOTIONS.items()}
    assert {stems_of(*group) for group in found.exact} == {*pairs["exact"], frozenset(TWINS)}
    assert {stems_of(near.a, near.b) for near in found.near} == pairs["ogg"] | pairs["begun later"]
    assert min(near.likeness for near in found.near) > 0.97
    offsets = {stems_of(near.a, near.b): abs(near.offset) for near in found.near}
    assert [offsets[pair] for pair in pairs["ogg"]] == pytest.approx([0.0] * 4, abs=0.02)
    assert [offsets[pair] for pair in pairs["begun later"]] == pytest.approx([0.3] * 4, abs=0.02)
    verdict = judge(task, listed, found)
    assert len(verdict.leaks) == 12
    assert all("in test" in leak and "in train" in leak for leak in verdict.leaks)
    assert verdict.conflicts == ()
    assert verdict.duplicates == 13


CLEAN = {"emodb": [], "emovo": [{"tri-f3-n1", "tri-f3-n2"}]}  # EMOVO has one recording in two takes


@pytest.mark.usefixtures("inline_workers")
@pytest.mark.parametrize("dataset", CLEAN)
def test_a_clean_corpus_raises_no_false_alarm(data_folder, monkeypatch, dataset):
    monkeypatch.setenv("MOODBENCH_DATA", str(data_folder))
    listed = datasets.base_manifest(dataset)
    found = record.examine(listed, datasets.audio_of(listed), workers=1)
    assert found.exact == []
    assert [{stem.rpartition("/")[2] for stem in stems_of(near.a, near.b)} for near in found.near] == CLEAN[dataset]
