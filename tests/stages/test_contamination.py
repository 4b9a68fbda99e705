"""Training sets and tasks are told to be of one corpus; scores of such models are marked, and can be left out."""

from __future__ import annotations

import csv
import json
import re

import pytest

from benchmark import contamination, manifest, models, paths, registry
from benchmark.embedder_spec import resolve
from benchmark.errors import UnknownNameError
from benchmark.params import EmbedderEntry
from embedders.catalog import CATALOG
from tasks.corpora import CORPORA

NAMES = [corpus.name for corpus in CORPORA]


def test_every_corpus_has_one_name_and_names_only_corpora():
    assert len({name.lower() for name in NAMES}) == len(NAMES)
    assert not any(" (" in name for name in NAMES), "what follows in brackets is a remark"
    for corpus in CORPORA:
        assert {*corpus.part_of, *corpus.shares_with} <= set(NAMES), corpus.name


def test_every_dataset_is_of_one_corpus():
    listed = [dataset for corpus in CORPORA for dataset in corpus.datasets]
    assert len(listed) == len(set(listed))
    generated = {registry.split_name(task.dataset)[0] for task in registry.tasks().values() if task.synthetic}
    assert set(listed) | generated == set(registry.datasets())


@pytest.mark.parametrize("name", CATALOG)
def test_the_catalogue_spells_its_training_sets_alike(name):
    contamination.check_names(CATALOG[name].training_sets, name)


@pytest.mark.parametrize(
    ("training_sets", "task", "expected"),
    [
        (("MagnaTagATune",), "magnatagatune", ("MagnaTagATune",)),
        (("AudioSet (speech subset)", "LibriSpeech"), "musiccaps_retrieval", ("AudioSet (speech subset)",)),
        (("MusicCaps",), "musiccaps_retrieval", ("MusicCaps",)),
        (("DEAM",), "emomusic_valence", ("DEAM",)),  # holds it
        (("emoMusic",), "deam_valence", ("emoMusic",)),  # is a part of it
        (("FMA",), "deam_arousal", ("FMA",)),  # shares songs with it
        (("Freesound",), "esc10", ("Freesound",)),
        (("WavCaps",), "musiccaps_retrieval", ("WavCaps",)),  # shares with what holds it
        (("MTG-Jamendo",), "jamendo_moodtheme_split3", ("MTG-Jamendo",)),  # a config of its builder
        (("AudioSet",), "magnatagatune", ()),
        (("LibriSpeech",), "ravdess", ()),
        (("FSD50K",), "esc50", ()),  # two parts of one archive, without a recording in common
        ((), "ravdess", ()),
    ],
)
def test_what_shares_recordings(training_sets, task, expected):
    assert contamination.shared(training_sets, registry.task(task)) == expected


def test_a_dataset_without_a_corpus_is_one_by_its_own_name():
    assert contamination.corpus_of("demo_speech/smoke") == "demo_speech"
    contamination.check_names(["demo_speech"], "row")
    assert contamination.shared(["demo_speech"], registry.task("demo_speech_emotion")) == ("demo_speech",)


def test_rows_of_the_catalogue_and_of_strangers():
    rows = [
        resolve("musicnn", EmbedderEntry()),
        resolve("mine", EmbedderEntry(factory="a:B", training_sets=["RAVDESS"], parameters=12)),
        resolve("retrained", EmbedderEntry(like="musicnn", weights="mine.npz", training_sets=["GTZAN"])),
        resolve("unknown", EmbedderEntry(factory="a:B")),
    ]
    tasks = [registry.task(name) for name in ("magnatagatune", "ravdess", "ravdess_serab", "gtzan")]
    assert models.contaminated(rows, tasks) == {
        ("musicnn", "magnatagatune"): ("MagnaTagATune",),
        ("mine", "ravdess"): ("RAVDESS",),
        ("mine", "ravdess_serab"): ("RAVDESS",),
        ("retrained", "gtzan"): ("GTZAN",),
    }
    assert [row.parameters for row in rows] == [CATALOG["musicnn"].parameters, 12, CATALOG["musicnn"].parameters, None]


def test_parameters_of_other_arguments_are_not_the_catalogues():
    assert resolve("wide", EmbedderEntry(like="byol_s_512", kwargs={"d": 1024})).parameters is None
    assert resolve("same", EmbedderEntry(like="byol_s_512", kwargs={"d": 512})).parameters == 600_192


def test_an_unknown_training_set_is_answered_with_near_misses():
    with pytest.raises(
        UnknownNameError, match=r"unknown training set \(of 'row'\) 'AudioSett'. Did you mean 'AudioSet'"
    ):
        resolve("row", EmbedderEntry(factory="a:B", training_sets=["AudioSett (part)"]))


def read(name: str) -> list[dict[str, str]]:
    with (paths.LEADERBOARD / "tiny" / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def written(bench):
    """A report of two rows, of which `knows` was trained on the corpus."""
    knows = {"factory": "small_embedders:Scaled", "training_sets": ["EmoDB", "LibriSpeech"], "parameters": 1234}
    work = bench(knows=knows, fresh="Loudness")
    work.change(suites=["tiny"])
    work.all()
    return work


def test_scores_are_marked_in_every_table(written):
    long = [row for row in read("scores.csv") if row["primary"] == "yes"]
    told = {(row["embedder"], row["contaminated"], row["trained_on"], row["parameters"], row["dim"]) for row in long}
    assert told == {("knows", "yes", "EmoDB; LibriSpeech", "1234", "4"), ("fresh", "no", "", "", "4")}
    wide = {(row["embedder"], row["contaminated_tasks"]) for row in read("wide.csv")}
    assert wide == {("knows", "2"), ("fresh", "0")}
    points = {(row["embedder"], row["contaminated"]) for row in read("points.csv")}
    assert points == {("knows", "yes"), ("fresh", "no")}
    summary = json.loads((paths.LEADERBOARD / "tiny/summary.json").read_text())
    assert [key.partition("@")[0] for key in summary["knows"]["contaminated"]] == ["emodb", "emodb_serab"]
    assert "contaminated" not in summary["fresh"]


def test_bytes_per_hour_follow_from_the_manifest(written):
    samples = [clip["samples"] for clip in manifest.read("emodb").clips]
    # seventy vectors of four float32
    expected = 4 * 4 * 70 * 3600 / (sum(samples) / 8000)
    (found,) = {float(row["bytes_per_hour"]) for row in read("scores.csv")}
    assert len(samples) == 70
    assert found == pytest.approx(expected, rel=1e-12)


def test_text_pages_mark_explain_and_show_a_table_without(written):
    page = (paths.LEADERBOARD / "tiny/leaderboard.md").read_text()
    lines = page.splitlines()
    knows, fresh = (next(line for line in lines if line.startswith(f"| {name}")) for name in ("knows", "fresh"))
    assert knows.count("†") == 6  # UM, WM, GM, mean rank and two tasks
    assert "†" not in fresh
    assert "† 2 scores are of models that were trained on the task's corpus" in page
    assert re.search(r"knows on emodb@\S+ \(EmoDB\), knows on emodb_serab@\S+ \(EmoDB\)\. Means and ranks", page)
    clean = page.split("## Without scores of models that were trained on the task's corpus")[1].split("\n## ")[0]
    (left,) = [line for line in clean.splitlines() if line.startswith("| knows")]
    assert left.count("*not run*") == 2
    assert "2 of 2" in next(line for line in clean.splitlines() if line.startswith("| fresh"))
    assert "| knows" in page.split("## Models")[1]
    html = (paths.LEADERBOARD / "tiny/index.html").read_text()
    assert html.count("†") >= 7
    assert "<summary>Without scores of models that were trained on the task&#39;s corpus</summary>" in html
    latex = (paths.LEADERBOARD / "tiny/leaderboard.tex").read_text()
    assert r"\textdagger{}" in latex
    assert "†" not in latex


def test_the_console_shows_either(written, capsys):
    from rich.console import Console

    from benchmark.render.console import print_leaderboard

    ((board,), _) = written.report()
    print_leaderboard(board, Console(width=120))
    assert "†" in capsys.readouterr().out
    print_leaderboard(board, Console(width=120), clean=True)
    shown = capsys.readouterr().out
    assert "†" not in shown
    assert re.search(r"knows on emodb\S+, emodb_serab\S+: not run: trained on EmoDB\.", " ".join(shown.split()))


def test_without_such_a_row_no_page_speaks_of_it(bench):
    work = bench(row={"factory": "small_embedders:Scaled", "training_sets": ["LibriSpeech"]})
    work.change(suites=["tiny"])
    work.all()
    for file in (paths.LEADERBOARD / "tiny").iterdir():
        text = file.read_text()
        assert "†" not in text
        assert "Without scores" not in text
