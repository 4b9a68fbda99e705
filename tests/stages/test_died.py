"""What `embed` leaves when its model does not come back, and what the table makes of it."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmark import cell_files, isolation, paths, plan
from benchmark.errors import BenchmarkError


def fatal(name, **more):
    return {"factory": f"fatal_embedders:{name}", **more}


@pytest.fixture
def dies(monkeypatch):
    """Let the process that embeds die after some news."""

    def so(*news):
        def run_apart(_function, *_arguments, doing, told, **_):
            for each in news:
                told(each)
            raise BenchmarkError(f"{doing}: it died")

        monkeypatch.setattr(isolation, "run_apart", run_apart)

    return so


def test_a_death_says_where_and_after_how_much(bench, dies):
    work = bench()
    work.prepare()
    dies()
    with pytest.raises(BenchmarkError, match=r"^row on emodb: it died$"):
        work.embed()
    dies(*({"clips": count, "audio_seconds": 1.0} for count in (20, 15)))
    with pytest.raises(BenchmarkError, match=r"^row on emodb, after 35 of 70 clips: it died$"):
        work.embed()
    assert plan.read_status("row").datasets["emodb"].readiness.reason == "row on emodb, after 35 of 70 clips: it died"


def test_the_row_of_a_model_that_died_is_failed_with_its_reason(bench, dies):
    """`evaluate`, which records reasons, does not run after a failed `embed`."""
    work = bench(bad="Loudness", row="Loudness")
    work.prepare()
    work.embed("row")
    work.evaluate("row")
    dies()
    with pytest.raises(BenchmarkError, match="it died"):
        work.embed("bad")
    _, problems = work.report()
    assert problems == ["bad on emodb: bad on emodb: it died"]
    assert {name: row["state"] for (name, _), row in work.board().items()} == {"bad": "failed", "row": "scored"}
    work.change(embedders={"bad": "Doubled", "row": "Loudness"})
    work.prepare()
    _, problems = work.report()
    assert problems == []
    assert work.board()["bad", "emodb"]["state"] == "missing", "that was another model"


def test_an_older_reason_gives_way(bench, tmp_path):
    weights = tmp_path / "number.txt"
    work = bench(row={"factory": "small_embedders:FromFile", "weights": str(weights)})
    work.all()
    assert "weights missing" in work.board()["row", "emodb"]["reason"]
    weights.write_text("no number")
    work.prepare()
    with pytest.raises(BenchmarkError, match="could not convert string to float"):
        work.embed()
    work.report()
    row = work.board()["row", "emodb"]
    assert row["state"] == "failed"
    assert "could not convert string to float" in row["reason"]


def test_a_death_here_takes_no_cell_away_that_is_current(bench, dies):
    """As after a clone: the cells are there, the vectors are not, and the model does not run on this machine."""
    work = bench()
    work.all()
    before = work.board()
    shutil.rmtree(paths.EMBEDDINGS)
    dies()
    with pytest.raises(BenchmarkError, match="it died"):
        work.embed()
    _, problems = work.report()
    assert problems == []
    assert work.board() == before


def test_a_package_that_is_imported_late_is_as_absent_as_any(bench, capsys):
    work = bench(row=fatal("ImportsLate"))
    _, problems = work.all()
    assert problems == []
    reason = cell_files.read_not_run("row")["emodb"]
    assert (reason.state, reason.reason) == ("unavailable", "cannot import 'moodmissing_late'")
    assert reason.way_out == "Install what it needs: pip install moodmissing_late."
    assert "embed row: not run on emodb: cannot import 'moodmissing_late'" in " ".join(capsys.readouterr().err.split())


def test_what_is_no_exception_is_an_error_of_the_row(bench):
    work = bench(row=fatal("CancelsItself"))
    work.prepare()
    with pytest.raises(BenchmarkError, match=r"^row on emodb: KeyboardInterrupt"):
        work.embed()
    assert plan.read_status("row").datasets["emodb"].readiness.state == "failed"


def test_the_record_tells_what_was_done(bench):
    work = bench(row="Patient")
    work.prepare()
    work.embed()
    record = json.loads(paths.run_record("row").read_text())["embed"]["emodb"]
    assert {key: record[key] for key in ("clips", "clips_reused", "workers", "device")} == {
        "clips": 70,
        "clips_reused": 0,
        "workers": 1,
        "device": "",
    }
    assert 0 < record["clips_padded"] < 70
    assert 0 < record["seconds"] < 600
