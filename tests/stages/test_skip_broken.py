"""A broken clip stops its dataset, or is left out on purpose and named wherever the dataset is shown."""

from __future__ import annotations

import pytest

from benchmark import datasets, manifest, paths
from benchmark.errors import BenchmarkError
from benchmark.stages import prepare

BROKEN = "wav/03a00Wa.wav"


@pytest.fixture
def damaged(manual, small_members, pack):
    """The tiny corpus with one clip cut short."""
    pack(manual / "download.zip", {**small_members, BROKEN: small_members[BROKEN][:-100]})
    return manual


def test_without_the_option_the_dataset_stops(damaged, bench):
    work = bench()
    with pytest.raises(BenchmarkError, match="1 of the above must be mended"):
        work.prepare()
    assert manifest.read("emodb") is None


def test_the_clip_is_left_out_and_named(damaged, bench, capsys):
    work = bench()
    prepare.run(work.params, skip_broken=True)
    assert BROKEN in capsys.readouterr().err
    listed = manifest.read("emodb")
    assert [row["clip"] for row in listed.skipped] == [BROKEN]
    assert len(listed.clips) == 69
    assert listed.variant.endswith("partial")
    work.embed()
    work.evaluate()
    boards, problems = work.report()
    assert problems == []
    assert boards[0].sections[0].columns[0].remarks[-1] == f"1 broken clip left out ({BROKEN})."
    for page in ("leaderboard.md", "index.html"):
        assert "1 broken clip left out" in (paths.LEADERBOARD / "one" / page).read_text()


def test_later_runs_hold_to_it_without_the_option(damaged, bench):
    work = bench()
    prepare.run(work.params, skip_broken=True)
    before = work.written(paths.MANIFESTS, paths.PLANS)
    work.prepare()
    assert work.written(paths.MANIFESTS, paths.PLANS) == before


def test_a_mended_archive_brings_the_clip_back(damaged, bench, small_members, pack):
    work = bench()
    prepare.run(work.params, skip_broken=True)
    pack(damaged / "download.zip", small_members)
    work.prepare()
    listed = manifest.read("emodb")
    assert (len(listed.clips), listed.skipped) == (70, [])


def test_a_whole_archive_is_built_once_whatever_the_option(manual, bench):
    work = bench()
    prepare.run(work.params, skip_broken=True)
    source = datasets.find_source("emodb")
    assert datasets.is_prepared("emodb", source)
    assert not datasets.is_prepared("emodb", source, skip_broken=True)
    assert manifest.read("emodb").skipped == []
