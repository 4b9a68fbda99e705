"""What rows cost is told from the records of this machine, and stands in no result."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from benchmark import cost, efficiency, paths
from benchmark.cli import app
from benchmark.efficiency import Measured
from benchmark.params import Params

RECORD = {
    "finished": "2026-01-02T03:04:05+00:00",
    "seconds": 20.0,
    "clips": 100,
    "clips_reused": 0,
    "clips_padded": 1,
    "audio_seconds": 1800.0,
    "workers": 2,
    "device": "cpu",
    "processor": "A processor, 2 of 2 cores",
    "dim": 512,
    "parameters": 7,
    "peak_bytes": 250_000_000,
    "gpu_peak_bytes": None,
}


@pytest.fixture
def rows(project):
    """`rows(record)` answers what is measured of one row with this record."""

    def measure(record, **entry):
        paths.RUNS.mkdir(parents=True, exist_ok=True)
        paths.run_record("row").write_text(json.dumps({"embed": {"corpus": record}}))
        fields = {"suites": ["demo"], "embedders": {"row": {"factory": "a:B", **entry}, "never": {"factory": "a:B"}}}
        return efficiency.measured(Params.model_validate(fields))

    return measure


def test_figures_by_hand(rows):
    (found,) = rows(RECORD)
    assert found == Measured(
        embedder="row",
        dataset="corpus",
        parameters=7,
        dim=512,
        bytes_per_hour=4 * 512 * 200.0,  # a hundred clips in half an hour
        clips=100,
        clips_per_second=5.0,
        times_real_time=90.0,
        peak_mb=250.0,
        gpu_peak_mb=None,
        workers=2,
        device="cpu",
        processor="A processor, 2 of 2 cores",
        finished="2026-01-02T03:04:05+00:00",
    )
    assert rows(RECORD, parameters=9)[0].parameters == 9


def test_a_resumed_run_counts_what_it_did(rows):
    (found,) = rows({**RECORD, "clips_reused": 60})
    assert (found.clips_per_second, found.times_real_time) == (2.0, None)
    (found,) = rows({**RECORD, "clips_reused": 100})
    assert (found.clips_per_second, found.times_real_time) == (None, None)


def test_a_record_of_an_older_version_lacks_only_what_it_did_not_hold(rows):
    (found,) = rows({name: RECORD[name] for name in list(RECORD)[:8]})
    assert (found.clips_per_second, found.dim, found.bytes_per_hour, found.peak_mb) == (5.0, None, None, None)
    assert found.processor == ""


def test_a_stage_leaves_the_record_and_the_command_shows_it(bench, monkeypatch):
    work = bench(row="Loudness")
    work.prepare()
    work.embed()
    record = json.loads(paths.run_record("row").read_text())["embed"]["emodb"]
    assert record["dim"] == 4
    assert record["peak_bytes"] > 10_000_000
    assert "cores" in record["processor"]
    paths.PARAMS.write_text('suites: [demo]\nembedders: {row: {factory: "small_embedders:Loudness"}}\n')
    done = CliRunner().invoke(app, ["efficiency"])
    assert done.exit_code == 0, done.output
    line = next(line for line in done.stdout.splitlines() if line.startswith("row"))
    assert line.split()[1:4] == ["emodb", "–", "4"]
    with (paths.RUNS / "efficiency.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["embedder"], row["dataset"], row["parameters"], row["dim"]) == ("row", "emodb", "", "4")
    assert float(row["clips_per_second"]) > 0
    assert not any("clips_per_second" in file.read_text() for file in paths.EMBEDDINGS.rglob("*.json"))


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_a_gpu_that_a_model_cannot_be_told_of_is_said_and_not_recorded(bench, capsys, device):
    work = bench(row="Loudness")
    work.prepare()
    work.embed(device=device)
    said = [line for line in capsys.readouterr().err.splitlines() if "changes nothing" in line]
    wanted = ["embed row: --device cuda changes nothing: its constructor takes no device."]
    assert said == (wanted if device == "cuda" else [])
    assert json.loads(paths.run_record("row").read_text())["embed"]["emodb"]["device"] == ""


def test_nothing_measured_is_said(project):
    paths.PARAMS.write_text("suites: [demo]\nembedders: {chance: {}}\n")
    done = CliRunner().invoke(app, ["efficiency"])
    assert done.exit_code == 0
    assert "Run: moodbench run" in done.stdout
    assert not (paths.RUNS / "efficiency.csv").exists()


def test_no_gpu_was_used_here():
    assert cost.gpu_peak_bytes() is None
    assert cost.hardware("cuda") == cost.processor()
