"""From an archive to a leaderboard, twice: the same bytes, and nothing done where nothing changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np

from benchmark import manifest, paths, store


def test_from_an_archive_to_a_leaderboard(bench):
    work = bench(row="Loudness", other={"factory": "small_embedders:Scaled", "kwargs": {"factor": 2}})
    work.change(suites=["tiny"])
    boards, problems = work.all()
    assert problems == []
    listed = manifest.read("emodb")
    assert set(listed.splits) == {"emodb", "emodb_serab"}
    cell = work.cell()
    assert (cell.clips, cell.groups, cell.dim, cell.variant) == (70, 5, 4, listed.variant)
    assert cell.scores["uar"] > 0.4, "zero crossings tell the pitch"
    vectors = store.open_vectors(paths.vectors("row", "emodb"), cell.vectors_fingerprint)
    assert vectors.shape == (70, 4)
    doubled = store.open_vectors(paths.vectors("other", "emodb"), work.cell(name="other").vectors_fingerprint)
    assert np.array_equal(doubled, 2 * vectors)
    rows = work.board("tiny")
    for name in ("row", "other"):
        for task in ("emodb", "emodb_serab"):
            stated = work.cell(task, name)
            assert float(rows[name, task]["value"]) == stated.scores[stated.metric]
    assert [board.suite.name for board in boards] == ["tiny"]
    assert json.loads((paths.LEADERBOARD / "summary.json").read_text()).keys() == {"tiny"}
    record = json.loads(paths.run_record("row").read_text())
    assert record["embed"]["emodb"]["clips"] == 70
    assert set(record["evaluate"]) == {"emodb", "emodb_serab"}
    assert not list(paths.CELLS.rglob("*.partial*"))


def test_nothing_of_the_machine_or_the_clock_is_in_an_output(bench, tmp_path, monkeypatch):
    """Two machines, two times: the same bytes in everything that is hashed or in git."""
    work = bench()
    work.all()
    first = {name: content for name, (_, _, content) in work.written().items()}
    for content in first.values():
        assert str(tmp_path).encode() not in content
    shutil.rmtree(paths.RESULTS)
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "another-cache"))
    shutil.move(tmp_path / "data", tmp_path / "moved")
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path / "moved"))
    work.all()
    assert {name: content for name, (_, _, content) in work.written().items()} == first


def test_with_nothing_to_do_nothing_is_touched(bench):
    work = bench()
    work.all()
    before = work.written()
    work.all()
    assert work.written() == before


IDLE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from benchmark import paths
for name in ("MANIFESTS", "PLANS", "EMBEDDINGS", "CELLS", "RUNS"):
    setattr(paths, name, Path(sys.argv[1]) / "results" / name.lower())
from benchmark import registry
from benchmark.params import Params
from benchmark.stages import embed, evaluate, prepare
from tasks.base import Suite
known = {"one": Suite(name="one", title="One", version=1, tasks=("emodb",))}
registry.suites = lambda: known
params = Params.model_validate(json.loads(sys.argv[3]))
stages = {
    "prepare": lambda: prepare.run(params),
    "embed": lambda: embed.run(params, "row", device="cpu", workers=1, batch_seconds=2.0, patience=60.0),
    "evaluate": lambda: evaluate.run(params, "row", engine="fast", workers=1),
}
stages[sys.argv[4]]()
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_an_idle_stage_imports_nothing_heavy(bench, project, fakes):
    """The decision to skip comes first; then a stage costs next to nothing."""
    work = bench()
    work.all()
    before = work.written()
    for stage in ("prepare", "embed", "evaluate"):
        command = [sys.executable, "-c", IDLE, str(project), str(fakes), work.params.model_dump_json(), stage]
        done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        loaded = set(json.loads(done.stdout.splitlines()[-1]))
        heavy = {"torch", "tensorflow", "sklearn", "opensmile", "tensorflow_datasets", "small_embedders"}
        assert not loaded & heavy, f"{stage} imports {sorted(loaded & heavy)}"
    assert work.written() == before
