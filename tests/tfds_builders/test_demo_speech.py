"""demo_speech: deterministic, complete, sane as sound, emotional as intended, and grouped by voice."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate, lfilter

from tfds_builders.common.audio import identity_of
from tfds_builders.common.synthesis import keyed_generator, recipe_text, to_pcm, with_headroom
from tfds_builders.demo_speech.recipe import DIRECTIONS, EMOTIONS, SENTENCES, SHIFTS, VERSION, corpus
from tfds_builders.demo_speech.voice import BANDWIDTHS, FRAME, PHONES, RATE, render, vocal_tract

MANIFEST = Path(__file__).parents[2] / "results" / "manifests" / "demo_speech.json"


@pytest.fixture(scope="module")
def utterances():
    return list(corpus())


@pytest.fixture(scope="module")
def first_speakers(utterances):
    """Three sentences of four speakers with their samples in [-1, 1]: 72 clips."""
    chosen = [u for u in utterances if u.speaker.name in ("s01", "s02", "s03", "s04") and u.sentence in SENTENCES[:3]]
    return [(u, render(u, VERSION) / 32768.0) for u in chosen]


def pitch_hz(samples):
    """Median f0 over loud 60 ms windows by the highest peak of the autocorrelation between 60 and 500 Hz."""
    size = round(0.06 * RATE)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    loud = windows[np.std(windows, axis=1) > np.quantile(np.std(windows, axis=1), 0.6)]
    lags = slice(RATE // 500, RATE // 60)
    found = []
    for window in loud:
        centred = window - window.mean()
        similarity = correlate(centred, centred)[size - 1 :] / np.arange(size, 0, -1)
        found.append(RATE / (lags.start + np.argmax(similarity[lags])))
    return float(np.median(found))


def test_counts(utterances):
    assert len(utterances) == 432
    assert len({u.clip_id for u in utterances}) == 432
    per_speaker = Counter(u.speaker.name for u in utterances)
    assert len(per_speaker) == 12
    assert set(per_speaker.values()) == {36}
    # Standardising a speaker by own statistics needs every emotion, each several times.
    assert set(Counter((u.speaker.name, u.emotion) for u in utterances).values()) == {6}
    assert set(Counter((u.speaker.name, u.emotion, u.sentence) for u in utterances).values()) == {1}


def test_the_whole_corpus_is_what_the_manifest_in_git_lists(builder_class, tmp_path):
    """Committed figures stand on these clips: another id or identity would orphan them."""
    builder = builder_class("demo_speech")(data_dir=tmp_path, file_format="array_record")
    listed = {clip["id"]: clip["identity"] for clip in json.loads(MANIFEST.read_text(encoding="utf-8"))["clips"]}
    made = {
        recipe.clip_id: identity_of(
            hashlib.sha256(recipe.text.encode()).hexdigest(), recipe.clip_id, f"demo_speech {VERSION}"
        )
        for recipe in builder.recipes()
    }
    assert builder.builder_config.name == "full"
    assert made == listed


def test_the_smoke_cut_is_a_part_of_the_corpus(builder_class, tmp_path, utterances):
    kind = builder_class("demo_speech")
    recipes = list(kind(data_dir=tmp_path, config="smoke", file_format="array_record").recipes())
    whole = {u.clip_id: recipe_text(u) for u in utterances}
    assert {recipe.clip_id: whole[recipe.clip_id] for recipe in recipes} == {r.clip_id: r.text for r in recipes}
    # Standardising a speaker by own statistics needs five clips of several classes.
    counted = Counter((recipe.fields["speaker_id"], recipe.fields["emotion"]) for recipe in recipes)
    assert len({speaker for speaker, _ in counted}) == 6
    assert set(counted.values()) == {2}
    assert len(recipes) == 72


def test_tables_fit_each_other():
    assert SHIFTS.shape == (len(EMOTIONS), len(DIRECTIONS))
    assert len(set(SENTENCES)) == len(SENTENCES)
    assert {letter for words in SENTENCES for letter in words} <= set(PHONES)


def test_recipes_and_samples_repeat(utterances):
    again = list(corpus())
    assert [recipe_text(u) for u in again] == [recipe_text(u) for u in utterances]
    for place in (0, 217, 431):
        assert render(again[place], VERSION).tobytes() == render(utterances[place], VERSION).tobytes()


def test_no_global_state(utterances):
    np.random.seed(1)  # noqa: NPY002 - the point is that it does not matter
    before = render(utterances[7], VERSION)
    np.random.seed(2)  # noqa: NPY002
    render(utterances[8], VERSION)
    assert np.array_equal(render(utterances[7], VERSION), before)


def test_recipes_differ_and_follow_the_version(utterances):
    texts = [recipe_text(u) for u in utterances]
    assert len(set(texts)) == len(texts)
    other = list(corpus("1.0.1"))
    assert not set(texts) & {recipe_text(u) for u in other}
    assert [u.clip_id for u in other] == [u.clip_id for u in utterances]


def test_text_holds_every_parameter(utterances):
    changed = dataclasses.replace(utterances[0], speaker=dataclasses.replace(utterances[0].speaker, noise_db=-40.0))
    assert recipe_text(changed) != recipe_text(utterances[0])
    assert not np.array_equal(render(changed, VERSION), render(utterances[0], VERSION))


def test_generator_is_keyed_by_the_hash_of_all_names():
    seed = int(hashlib.sha256(b"demo\x1f1.0.0\x1fx").hexdigest(), 16)
    expected = np.random.Generator(np.random.PCG64(seed)).standard_normal(4)
    assert np.array_equal(keyed_generator("demo", "1.0.0", "x").standard_normal(4), expected)
    assert not np.array_equal(keyed_generator("demo", "1.0.0x", "").standard_normal(4), expected)


def test_sound_is_sane(first_speakers):
    for utterance, samples in first_speakers:
        assert np.isfinite(samples).all()
        assert 1.2 < len(samples) / RATE < 3.2, utterance.clip_id
        peak = np.max(np.abs(samples))
        assert 0.02 < peak <= 0.91, utterance.clip_id
        assert np.count_nonzero(np.abs(samples) > 0.999 * peak) <= 3, f"{utterance.clip_id} has a plateau"
        assert -50 < 20 * np.log10(np.sqrt(np.mean(samples**2))) < -15, utterance.clip_id
    seconds = [len(samples) / RATE for _, samples in first_speakers]
    assert 1.6 < np.mean(seconds) < 2.4


def test_too_loud_is_refused_and_headroom_mends_it():
    loud = np.array([0.2, -1.5, 0.5])
    with pytest.raises(ValueError, match=r"peak 1\.500.*with_headroom"):
        to_pcm(loud)
    with pytest.raises(ValueError, match="finite"):
        to_pcm(np.array([0.0, np.nan]))
    assert to_pcm(with_headroom(loud)).tolist() == [round(0.12 * 32767), round(-0.9 * 32767), round(0.3 * 32767)]
    assert np.array_equal(with_headroom(loud / 10), loud / 10)


def test_still_vocal_tract_is_a_cascade_of_resonators():
    """Compared with scipy's recursive filter, section by section (Klatt's resonator, unit gain at 0 Hz)."""
    source = np.random.Generator(np.random.PCG64(5)).standard_normal(30 * FRAME)
    source[:FRAME] = source[-FRAME:] = 0.0  # clips begin and end in silence: half a window fades there
    formants = [500.0, 1500.0, 2500.0, 3500.0, 4500.0]
    expected = source
    for hertz, width in zip(formants, BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        a = [1.0, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2]
        expected = lfilter([sum(a)], a, expected)
    found = vocal_tract(source, np.tile(formants, (30, 1)))
    assert found.shape == source.shape
    assert np.max(np.abs(found - expected)) < 1e-3 * np.max(np.abs(expected))


@pytest.mark.parametrize("speaker", ["s01", "s02", "s03", "s04"])
def test_happy_is_higher_than_sad(first_speakers, speaker):
    found = {
        emotion: np.median(
            [pitch_hz(x) for u, x in first_speakers if (u.speaker.name, u.emotion) == (speaker, emotion)]
        )
        for emotion in ("happy", "sad")
    }
    assert found["happy"] > 1.08 * found["sad"]


def test_measured_pitch_is_the_recipe_s(first_speakers):
    """Octave errors aside, within three semitones for most neutral clips."""
    clips = [(u, x) for u, x in first_speakers if u.emotion == "neutral"]
    wanted = np.array([u.speaker.pitch_hz * 2 ** (u.direction("pitch") / 12) for u, _ in clips])
    away = np.abs(12 * np.log2(np.array([pitch_hz(x) for _, x in clips]) / wanted))
    assert np.mean(away < 3) >= 0.75


def test_sad_is_slower_and_softer_than_angry(first_speakers):
    def mean(emotion, value):
        return np.mean([value(u, x) for u, x in first_speakers if u.emotion == emotion])

    assert mean("sad", lambda u, x: len(x)) > 1.1 * mean("angry", lambda u, x: len(x))
    assert mean("angry", lambda u, x: np.std(x) / 10 ** (u.speaker.gain_db / 20)) > 1.5 * mean(
        "sad", lambda u, x: np.std(x) / 10 ** (u.speaker.gain_db / 20)
    )
