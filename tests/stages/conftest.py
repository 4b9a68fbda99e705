"""The four stages on a tiny real corpus: what their tests share."""

from __future__ import annotations

import csv
import shutil
import sys

import pytest

from benchmark import cell_files, manifest, paths, registry
from benchmark.params import Params
from benchmark.stages import embed, evaluate, prepare, report
from tasks.base import Suite

FAST = {"mode": "none", "heads": ["lda", "svc"]}
TINY = Suite(name="tiny", title="Tiny", version=1, tasks=("emodb", "emodb_serab"))
ONE = Suite(name="one", title="One", version=1, tasks=("emodb",))


class Bench:
    """The four stages, with what params.yaml would say; a row given as text is a class of the fakes."""

    def __init__(self, root, **embedders):
        self.root = root
        self.params = self._parse({"suites": ["one"], "probe": FAST, "embedders": embedders or {"row": "Loudness"}})

    def change(self, **fields):
        self.params = self._parse({**self.params.model_dump(), **fields})

    @staticmethod
    def _parse(fields) -> Params:
        rows = fields["embedders"].items()
        own = {n: {"factory": f"small_embedders:{row}"} if isinstance(row, str) else row for n, row in rows}
        return Params.model_validate({**fields, "embedders": own})

    def prepare(self):
        prepare.run(self.params)

    def embed(self, name="row", **options):
        embed.run(
            self.params, name, **{"device": "cpu", "workers": 1, "batch_seconds": 2.0, "patience": 60.0} | options
        )

    def evaluate(self, name="row", **options):
        evaluate.run(self.params, name, **{"engine": "fast", "workers": 1} | options)

    def report(self):
        return report.run(self.params)

    def all(self):
        self.prepare()
        for name in self.params.embedders:
            self.embed(name)
            self.evaluate(name)
        return self.report()

    def cell(self, task="emodb", name="row"):
        listed = manifest.read(registry.task(task).dataset)
        return cell_files.read(paths.cell(name, task, listed.variant), embedder=name, task=task)[0]

    def written(self, *folders) -> dict[str, tuple]:
        """Each output with what would show that it was touched."""
        found = {}
        for folder in folders or (paths.MANIFESTS, paths.PLANS, paths.EMBEDDINGS, paths.CELLS, paths.LEADERBOARD):
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    stat = file.stat()
                    found[file.relative_to(self.root).as_posix()] = (stat.st_ino, stat.st_mtime_ns, file.read_bytes())
        return found

    def board(self, suite="one") -> dict[tuple[str, str], dict[str, str]]:
        with (paths.LEADERBOARD / suite / "scores.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["primary"] == "yes"]
        return {(row["embedder"], row["task"]): row for row in rows}


@pytest.fixture
def bench(manual, project, fakes, inline_workers, monkeypatch):
    """`bench(row={...})` answers a `Bench` with these embedders."""
    known = {**registry.suites(), "tiny": TINY, "one": ONE}
    monkeypatch.setattr(registry, "suites", lambda: known)
    return lambda **embedders: Bench(project, **embedders)


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """`strange("name", factor)` writes a stranger's module with a class `Model`; again to edit it."""
    monkeypatch.syspath_prepend(tmp_path)
    names = set()

    def write(name, factor):
        file = tmp_path / f"{name}.py"
        file.write_text(
            "import numpy as np\n\n\nclass Model:\n    sample_rate = 8000\n    dim = 2\n\n    def embed(self, clips):\n"
            f"        rows = [[c.std() * {factor}, np.diff(np.signbit(c)).mean()] for c in clips]\n"
            "        return np.array(rows, np.float32)\n"
        )
        names.add(name)
        sys.modules.pop(name, None)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        return file

    yield write
    for name in names:
        sys.modules.pop(name, None)
