"""Names to things: near misses are named, files are found without running them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark import embedder_spec, paths, registry
from benchmark.errors import BenchmarkError, ParamsError, UnknownNameError
from benchmark.params import EmbedderEntry
from embedders.catalog import CATALOG
from tasks.base import Suite


@pytest.fixture
def fresh_registry():
    """Forget what was listed, before and after."""
    for listing in (registry.tasks, registry.suites):
        listing.cache_clear()
    yield registry
    for listing in (registry.tasks, registry.suites):
        listing.cache_clear()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: registry.suite("serb"), r"unknown suite 'serb'\. Did you mean 'serab'.*\? Known: all, "),
        (lambda: registry.task("emodb_sera"), r"unknown task 'emodb_sera'\. Did you mean 'emodb_serab'"),
        (lambda: registry.dataset_builder("ravdes"), r"unknown dataset 'ravdes'\. Did you mean 'ravdess'"),
        (
            lambda: registry.embedder_entry("byol_s_521"),
            r"Did you mean 'byol_s_512'.*\? \d+ are known\. 'moodbench list embedders' .*byol_s_521: \{factory: ",
        ),
        (
            lambda: registry.embedder_entry("byol_s_521", row="mine"),
            r"unknown embedder \(like, of 'mine' in params\.yaml\) 'byol_s_521'\. Did you mean .*: 'mine: \{factory: ",
        ),
        (lambda: registry.suite("zzzzzz"), r"unknown suite 'zzzzzz'\. Known: all, "),
    ],
)
def test_unknown_names_are_answered_with_near_misses(ask, message):
    with pytest.raises(UnknownNameError, match=message):
        ask()


def test_tasks_of_several_suites_come_once_in_order():
    names = [task.name for task in registry.tasks_of(["serab", "speech_emotion", "serab"])]
    assert names == [*registry.suite("serab").tasks, *registry.suite("speech_emotion").tasks]


def test_a_task_defined_twice_is_refused(fresh_registry, monkeypatch):
    twin = SimpleNamespace(TASKS=(registry.task("emodb"),), __name__="tasks.suites")
    fresh_registry.tasks.cache_clear()
    monkeypatch.setitem(sys.modules, "tasks.suites", twin)
    with pytest.raises(BenchmarkError, match=r"task 'emodb' is defined twice, again in tasks/suites\.py"):
        fresh_registry.tasks()


def test_a_suite_of_an_unknown_task_is_refused(fresh_registry, monkeypatch):
    bad = dataclasses.replace(registry.suite("serab"), tasks=("emodb_serap",))
    assert isinstance(bad, Suite)
    fresh_registry.suites.cache_clear()
    monkeypatch.setitem(sys.modules, "tasks.suites", SimpleNamespace(SUITES=(bad,)))
    with pytest.raises(UnknownNameError, match=r"task \(in suite 'serab'\) 'emodb_serap'.*'emodb_serab'"):
        fresh_registry.suites()


def test_datasets_are_the_folders_with_a_builder():
    assert "common" not in registry.datasets()
    for name in registry.datasets():
        assert (paths.BUILDERS / name / f"{name}_dataset_builder.py").is_file()


def test_builder_files_hold_the_package_and_common_but_no_test():
    files = {file.relative_to(paths.BUILDERS).as_posix() for file in registry.builder_files("emodb")}
    assert {"emodb/emodb_dataset_builder.py", "common/base.py", "common/parts.py"} <= files
    assert not [name for name in files if name.endswith("_test.py") or name.split("/")[0] not in ("emodb", "common")]


# -- the code of an embedder ----------------------------------------------------------------------


def names(factory: str) -> set[str]:
    root, files = registry.embedder_files(factory)
    return {file.relative_to(root).as_posix() for file in files}


def test_files_of_an_embedder_of_ours():
    assert names("embedders.chance:Chance") == {"embedders/chance.py", "embedders/base.py", "embedders/common.py"}
    package = names("embedders.byol:Byol")
    assert {"embedders/byol/__init__.py", "embedders/base.py"} <= package
    shared = {f"embedders/{name}.py" for name in ("base", "common", "cores", "spectra", "torch_common")}
    assert {name for name in package if name.count("/") == 1} == shared


def test_what_an_embedder_of_ours_imports_from_other_families_is_its_code_too(tmp_path, monkeypatch):
    lines = {
        "base.py": "", "common.py": "from embedders.base import Entry",
        "small.py": "def f():\n    from embedders.net import layers\n    import embedders.absent",
        "net/__init__.py": "", "net/layers.py": "import embedders.deep", "net/other.py": "",
        "deep.py": "from embedders import small", "alone.py": "'from embedders.net import layers'",
    }  # fmt: skip
    for name, text in lines.items():
        (tmp_path / "embedders" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "embedders" / name).write_text(text)
    monkeypatch.setattr(registry.paths, "ROOT", tmp_path)
    monkeypatch.setattr(registry, "module_file", lambda module: tmp_path / f"{module.replace('.', '/')}.py")
    base = {"embedders/base.py", "embedders/common.py"}
    assert names("embedders.alone:Model") == {"embedders/alone.py", *base}
    net = {f"embedders/net/{name}.py" for name in ("__init__", "layers", "other")}
    assert names("embedders.small:Model") == {"embedders/small.py", "embedders/deep.py", *net, *base}


def test_every_catalogue_entry_has_its_code():
    for entry in CATALOG.values():
        root, files = registry.embedder_files(entry.factory)
        assert files
        assert all(file.is_file() and file.is_relative_to(root) for file in files)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a stranger's modules that must be found, and never run."""
    bomb = "raise RuntimeError('this module was run')\n"
    for name in ("lonely.py", "model_package/__init__.py", "model_package/net.py", "model_package/deep/layers.py"):
        file = tmp_path / "outside" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(bomb)
    monkeypatch.syspath_prepend(tmp_path / "outside")
    return tmp_path / "outside"


def test_a_strangers_module_is_found_without_running_it(outside):
    assert names("lonely:Model") == {"lonely.py"}
    whole = {"model_package/__init__.py", "model_package/net.py", "model_package/deep/layers.py"}
    assert names("model_package.net:Model") == whole
    assert names("model_package:Model") == whole
    assert not {"lonely", "model_package"} & set(sys.modules)


@pytest.mark.parametrize("module", ["no_such_module_here", "model_package.no_such", "sys"])
def test_a_module_without_a_source_file_is_refused(outside, module):
    with pytest.raises(ParamsError, match=rf"module '{module}' .* is not found\. Expected.*set PYTHONPATH"):
        registry.embedder_files(f"{module}:Model")


@pytest.mark.parametrize(
    ("module", "near"),
    [("lonley", "lonely"), ("model_package.nett", "model_package.net"), ("embedders.logmell", "embedders.logmel")],
)
def test_a_module_that_is_nearly_there_is_named(outside, module, near):
    with pytest.raises(ParamsError, match=rf"module '{module}' .* is not found\. Did you mean '{near}'\?"):
        registry.embedder_files(f"{module}:Model")
    assert not {"lonely", "model_package"} & set(sys.modules)


# -- what a stranger's code imports from beside it -------------------------------------------------


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`beside({"a.py": "import b"})` writes a stranger's folder of modules that is on the path, and never run."""
    root = tmp_path / "beside"
    root.mkdir()

    def write(lines: dict[str, str]) -> Path:
        for name, text in lines.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{text}\n1 / 0\n")
        monkeypatch.syspath_prepend(root)
        return root

    return write


SIBLINGS = {
    "straight": ({"net.py": "import layers", "layers.py": "", "other.py": ""}, {"net.py", "layers.py"}),
    "from it": ({"net.py": "from layers import Dense as D", "layers.py": ""}, {"net.py", "layers.py"}),
    "inside a function, and on": (
        {"net.py": "def f():\n    import a.deep", "a.py": "try:\n    import b\nfinally:\n    pass", "b.py": ""},
        {"net.py", "a.py", "b.py"},
    ),
    "a cycle": ({"net.py": "import a", "a.py": "import b, net", "b.py": "import a"}, {"net.py", "a.py", "b.py"}),
    "a package": (
        {"net.py": "from blocks.attention import A", "blocks/__init__.py": "", "blocks/attention.py": "import a",
         "blocks/deep/x.py": "from . import y", "a.py": "", "y.py": ""},
        {"net.py", "blocks/__init__.py", "blocks/attention.py", "blocks/deep/x.py", "a.py"},
    ),
    "a folder without __init__": ({"net.py": "import blocks.a", "blocks/a.py": ""}, {"net.py", "blocks/a.py"}),
    "not there": ({"net.py": "import gone, os.path, numpy as np\nfrom gone.deep import x"}, {"net.py"}),
    "an installed package of that name": ({"net.py": "import numpy", "numpy/a.py": ""}, {"net.py"}),
    "of ours": ({"net.py": "from embedders import base", "embedders/__init__.py": "", "tasks.py": ""}, {"net.py"}),
    "no Python": ({"net.py": "import old", "old.py": "print 'two'"}, {"net.py", "old.py"}),
    "a package's own siblings": (
        {"net/__init__.py": "", "net/a.py": "import b", "net/c.py": "", "b.py": "", "c.py": ""},
        {"net/__init__.py", "net/a.py", "net/c.py", "b.py"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SIBLINGS)
def test_what_a_strangers_module_imports_from_beside_it_is_its_code_too(beside, kind):
    written, wanted = SIBLINGS[kind]
    beside(written)
    assert names("net:Model") == wanted
    assert not {"net", "layers", "blocks"} & set(sys.modules)


def test_what_is_installed_beside_a_module_is_not_its_code(beside):
    root = beside({"net.py": "import layers", "layers.py": ""})
    (root / "net-1.0.dist-info").mkdir()
    assert names("net:Model") == {"net.py"}


def test_an_edit_beside_a_module_changes_its_identity(beside):
    def identity() -> dict[str, Any]:
        return embedder_spec.identity(embedder_spec.resolve("row", EmbedderEntry(factory="net:Model")), None)

    root = beside({"net.py": "import layers", "layers.py": "import blocks", "blocks/__init__.py": "", "other.py": ""})
    before = identity()
    (root / "other.py").write_text("# edited")
    assert identity() == before
    for name in ("layers.py", "blocks/__init__.py"):
        text = (root / name).read_text()
        (root / name).write_text(f"{text}# edited")
        assert identity() != before
        (root / name).write_text(text)
        assert identity() == before


def test_our_own_modules_are_found_from_anywhere(tmp_path):
    """An editable install puts them on no path of Python's."""
    script = "from benchmark import registry; print(registry.module_file('embedders.chance'))"
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=plain, capture_output=True, text=True)
    assert done.stdout.strip() == str(paths.ROOT / "embedders" / "chance.py"), done.stderr
