"""Each change redoes what hangs on it, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest

from benchmark import cell_files, manifest, paths, plan, registry, store
from benchmark.stages import evaluate
from tasks.base import LeaveOneGroupOut

FAST = {"mode": "none", "heads": ["lda", "svc"]}


def names_changed(before, after) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_an_edited_stranger_changes_its_own_plan_only(bench, strange):
    strange("alpha_model", 1)
    strange("beta_model", 1)
    work = bench(alpha={"factory": "alpha_model:Model"}, beta={"factory": "beta_model:Model"}, row="Loudness")
    work.all()
    before = work.written()
    strange("alpha_model", 3)
    work.prepare()
    assert names_changed(before, work.written()) == {"results/plans/alpha.json"}
    work.all()
    changed = {name for name in names_changed(before, work.written()) if "leaderboard" not in name}
    assert {name.split("/")[2] for name in changed} == {"alpha.json", "alpha"}
    assert "results/embeddings/alpha/emodb/vectors.npy" in changed


def test_an_unrelated_file_changes_no_plan(bench, strange):
    strange("alpha_model", 1)
    work = bench(alpha={"factory": "alpha_model:Model"})
    work.prepare()
    before = work.written()
    strange("unrelated_model", 1)
    work.prepare()
    assert work.written() == before


def test_changed_arguments_embed_again(bench):
    work = bench(row={"factory": "small_embedders:Scaled", "kwargs": {"factor": 1}})
    work.all()
    first = work.cell().vectors_fingerprint
    work.change(embedders={"row": {"factory": "small_embedders:Scaled", "kwargs": {"factor": 5}}})
    work.all()
    assert work.cell().vectors_fingerprint != first


@pytest.fixture
def scored_tasks(monkeypatch):
    """The names of the tasks that were scored, one for each time."""
    found, real = [], evaluate._cell
    monkeypatch.setattr(
        evaluate, "_cell", lambda scored, *rest: (found.append(scored.task.name), real(scored, *rest))[1]
    )
    return found


def test_vectors_made_anew_to_the_same_bytes_keep_their_cell(bench, strange, scored_tasks):
    strange("alpha_model", 1)
    work = bench(row={"factory": "alpha_model:Model"})
    work.all()
    old = work.cell()
    strange("alpha_model", "1 * 1")  # other code, the same numbers
    work.all()
    kept = work.cell()
    assert scored_tasks == ["emodb"]
    assert kept.vectors_fingerprint != old.vectors_fingerprint
    work.evaluate(fresh=True)
    assert scored_tasks == ["emodb", "emodb"]
    assert work.cell() == kept, "what scoring gives"


@pytest.mark.parametrize("change", ["vectors", "probe", "predictions", "older", "renamed clips"])
def test_a_cell_is_not_kept_where_anything_else_differs(bench, strange, scored_tasks, change):
    strange("alpha_model", 1)
    work = bench(row={"factory": "alpha_model:Model"})
    work.all()
    file = paths.cell("row", "emodb", work.cell().variant)
    strange("alpha_model", 2 if change == "vectors" else "1 * 1")
    if change == "probe":
        work.change(probe={**FAST, "seed": 4})
    if change == "predictions":
        file.with_suffix(".parquet").write_bytes(b"")
    if change == "renamed clips":
        cell, held = cell_files.read(file, embedder="row", task="emodb")
        held = dataclasses.replace(held, clip_id=[f"other/{name}" for name in held.clip_id])
        sha256 = hashlib.sha256(held.to_parquet()).hexdigest()
        cell_files.write(cell.model_copy(update={"predictions_sha256": sha256}), held)
    if change == "older":
        cell = json.loads(file.read_text())
        del cell["vectors_sha256"]
        file.write_text(json.dumps(cell))
    work.all()
    assert scored_tasks == ["emodb", "emodb"]
    assert work.cell().vectors_sha256


def test_a_changed_probe_scores_again_and_embeds_nothing(bench):
    work = bench()
    work.all()
    before = work.written(paths.EMBEDDINGS, paths.PLANS)
    old = work.cell()
    work.change(probe={**FAST, "heads": ["svc"]})
    _, problems = work.report()
    assert problems == []
    (row,) = work.board().values()
    assert row["value"] == ""
    assert "made by other code, settings, labels or folds" in row["reason"], row
    work.all()
    assert work.written(paths.EMBEDDINGS, paths.PLANS) == before
    assert work.cell().fingerprint != old.fingerprint
    assert [head.head for head in work.cell().folds[0].heads] == ["svc"]


def test_a_new_task_is_scored_alone(bench):
    work = bench()
    work.all()
    before = work.written(paths.EMBEDDINGS, paths.CELLS)
    work.change(suites=["tiny"])
    work.all()
    changed = names_changed(before, work.written(paths.EMBEDDINGS, paths.CELLS))
    assert {name.split("/")[-1].split("@")[0] for name in changed} == {"emodb_serab"}


def test_a_changed_split_moves_one_column_and_one_cell(bench, monkeypatch):
    work = bench()
    work.change(suites=["tiny"])
    work.all()
    before = work.written(paths.EMBEDDINGS, paths.CELLS, paths.PLANS)
    known = {**registry.tasks(), "emodb": dataclasses.replace(registry.task("emodb"), split=LeaveOneGroupOut())}
    monkeypatch.setattr(registry, "tasks", lambda: known)
    work.all()
    changed = names_changed(before, work.written(paths.EMBEDDINGS, paths.CELLS, paths.PLANS))
    assert {name.split("/")[-1].split("@")[0] for name in changed} == {"emodb"}
    assert work.cell().split == "leave one group out"


def test_another_archive_embeds_and_scores_again(bench, manual, small_members, pack):
    work = bench()
    work.all()
    old = work.cell()
    changed = dict(small_members)
    changed["wav/03a00Wa.wav"] = changed["wav/03a00Wa.wav"][:-40] + bytes(40)
    pack(manual / "download.zip", changed)
    work.all()
    assert work.cell().vectors_fingerprint != old.vectors_fingerprint
    assert work.cell().clips == 70


def test_a_cell_of_another_variant_goes(bench, manual, small_members, pack):
    work = bench()
    work.all()
    old = manifest.read("emodb").variant
    shorter = {name: raw for name, raw in small_members.items() if len(raw) <= 44 + 2 * 920}
    pack(manual / "download.zip", shorter)
    work.all()
    new = manifest.read("emodb").variant
    assert new != old
    assert {f.name for f in (paths.CELLS / "row").iterdir()} == {f"emodb@{new}.json", f"emodb@{new}.parquet"}


def test_fresh_computes_again_and_finds_the_same(bench):
    work = bench()
    work.all()
    before = work.written(paths.EMBEDDINGS, paths.CELLS)
    work.embed(fresh=True)
    work.evaluate(fresh=True)
    after = work.written(paths.EMBEDDINGS, paths.CELLS)
    assert {n: content for n, (_, _, content) in after.items()} == {n: content for n, (_, _, content) in before.items()}
    assert after["results/embeddings/row/emodb/vectors.npy"] != before["results/embeddings/row/emodb/vectors.npy"]


def test_fresh_believes_no_unfinished_work(bench):
    work = bench()
    work.all()
    expected = work.written(paths.EMBEDDINGS)["results/embeddings/row/emodb/vectors.npy"][2]
    wanted = plan.read("row").datasets["emodb"].vectors_fingerprint
    half = store.Writer(paths.vectors("row", "emodb"), fingerprint=wanted, clips=70, dim=4, batching="2.0")
    half.put(range(70), np.full((70, 4), 9, np.float32))
    work.embed(fresh=True)
    assert work.written(paths.EMBEDDINGS)["results/embeddings/row/emodb/vectors.npy"][2] == expected


def test_two_runs_give_the_same_bytes(bench):
    work = bench()
    work.all()
    first = {name: content for name, (_, _, content) in work.written(paths.CELLS, paths.LEADERBOARD).items()}
    shutil.rmtree(paths.RESULTS)
    work.all()
    assert {n: c for n, (_, _, c) in work.written(paths.CELLS, paths.LEADERBOARD).items()} == first
