"""The rules of docs/architecture.md that a machine can hold: who imports whom, what is named where, what is light."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import registry
from embedders.catalog import CATALOG

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("benchmark", "tasks", "embedders", "tfds_builders")
HEAVY = {"torch", "tensorflow", "sklearn", "pandas", "scipy", "pyarrow", "tensorflow_datasets", "opensmile", "librosa"}
MAX_LINES = 330
BUILT_ON = {"byol_cvt": "byol", "opensmile_levels": "opensmile"}  # a family that is another one with a part exchanged


def sources(*folders: str) -> list[Path]:
    found = sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    assert found, f"no source in {folders}"
    return found


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports(file: Path) -> set[str]:
    """Every project module that a file imports anywhere in it, `from a import b` as both `a` and `a.b`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}: relative import, expected the full name"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in (*PACKAGES, "tests", "performance")}


def of_package(found: set[str], *packages: str) -> list[str]:
    return sorted(name for name in found if any(name == p or name.startswith(f"{p}.") for p in packages))


def tracked() -> list[Path]:
    """Files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# -- who imports whom ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sources("tasks", "embedders", "tfds_builders"), ids=name_of)
def test_plug_ins_import_only_their_own_folder(file: Path) -> None:
    own = file.relative_to(ROOT).parts[0]
    foreign = {name for name in imports(file) if name.split(".")[0] != own}
    assert not foreign, f"{name_of(file)} imports {sorted(foreign)}, expected only modules of {own}/"


@pytest.mark.parametrize("file", sources("embedders", "tfds_builders"), ids=name_of)
def test_siblings_share_only_base_and_common(file: Path) -> None:
    package, *rest = file.relative_to(ROOT).parts
    shared = {
        f"{package}.{name}"
        for name in (
            "base",
            "common",
            "windows",
            "spectra",
            "cores",
            "steps",
            "declarations",
            "missing",
            "torch_common",
            "catalog",
            "entries",
        )
    }
    family = rest[0].removesuffix(".py")
    own = [f"{package}.{name}" for name in (family, BUILT_ON.get(family)) if name]
    foreign = [name for name in imports(file) if name != package and not of_package({name}, *own, *shared)]
    assert not foreign, f"{name_of(file)} imports {sorted(foreign)}, expected only its own package and base or common"


@pytest.mark.parametrize("file", sources("benchmark"), ids=name_of)
def test_the_engine_imports_one_way(file: Path) -> None:
    found = imports(file)
    parts = file.relative_to(ROOT / "benchmark").parts
    if parts[0] in ("cli.py", "__main__.py"):
        forbidden: tuple[str, ...] = ()
    elif parts[:2] == ("stages", "everything.py"):
        forbidden = ("benchmark.cli",)
    elif parts[0] == "stages":
        forbidden = ("benchmark.cli", "benchmark.stages.everything")
    else:
        forbidden = ("benchmark.cli", "benchmark.stages")
    assert not of_package(found, *forbidden), f"{name_of(file)} imports upwards: {of_package(found, *forbidden)}"
    assert not of_package(found, "tests", "performance")
    plug_ins = {name for name in found if name.split(".")[0] in ("embedders", "tfds_builders")}
    ours = [f"embedders.{name}" for name in ("base", "declarations", "windows", "missing", "catalog", "frame_rates")]
    known = (*ours, "tfds_builders.common")
    allowed = of_package(plug_ins, *known)
    foreign = plug_ins - set(allowed) - {"embedders", "tfds_builders"}
    assert not foreign, f"{name_of(file)} imports {sorted(foreign)}; the engine reaches plug-ins by name"


@pytest.mark.parametrize("leaf", ["errors", "paths", "params"])
def test_the_lowest_modules_know_nothing_above_them(leaf: str) -> None:
    below_params = ("benchmark.errors", "benchmark.paths", "benchmark.files", "benchmark.params_text")
    allowed = {"errors": (), "paths": (), "params": below_params}[leaf]
    found = imports(ROOT / "benchmark" / f"{leaf}.py") - {"benchmark"}
    assert sorted(found) == of_package(found, *allowed)


def test_only_one_module_reads_params() -> None:
    readers = [
        name_of(file)
        for file in sources("benchmark")
        if re.search(r"\bruamel\b", file.read_text(encoding="utf-8"))
        or "import yaml" in file.read_text(encoding="utf-8")
    ]
    assert sorted(readers) == ["benchmark/params.py", "benchmark/params_text.py"]


# -- what is named where ---------------------------------------------------------------------------


@pytest.mark.parametrize("file", sources("benchmark"), ids=name_of)
def test_the_engine_names_no_dataset_no_model_and_no_task(file: Path) -> None:
    names = {*registry.datasets(), *CATALOG, *registry.tasks()}
    assert {"emodb", "byol_s_512", "emodb_serab"} <= names
    text = file.read_text(encoding="utf-8")
    named = sorted(name for name in names if re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE))
    assert not named, f"{name_of(file)} names {named}: it belongs into its builder, its embedder or its task"


@pytest.mark.parametrize("file", sources(*PACKAGES, "tests", "performance"), ids=name_of)
def test_files_can_be_read_in_one_sitting(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{name_of(file)} has {lines} lines, expected at most {MAX_LINES}: split it by topic"
    assert file.stem not in ("utils", "util", "helpers", "misc"), f"{name_of(file)}: name it by what it holds"


def test_no_machine_path_and_no_index_address() -> None:
    """Nothing of the machine that a file was written on stands in it."""
    start = r"(?<![\w.:/}$)~*-])/"  # the slash that begins a path, not one inside a longer one or an address
    places = "|".join(("root", "work", "tmp", r"home/\w+", r"Users/\w+"))
    options = "|".join(("index-url", "extra-index-url", "find-" + "links", "trusted-" + "host"))
    forbidden = {
        "a path of one machine": re.compile(rf"{start}({places})/"),
        "a package index": re.compile(rf"--({options})\b|https?://[^\s/]+(/[^\s/]+)*/simp" + r"le\b|files\.pythonhost"),
    }
    files = tracked()
    assert ROOT / "pyproject.toml" in files
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a dummy archive, an image
        for what, pattern in forbidden.items():
            hit = pattern.search(text)
            assert hit is None, f"{name_of(file)} holds {what}: {text[hit.start() : hit.end() + 40]!r}"


# -- what is light ---------------------------------------------------------------------------------

ASK = "import sys, json; sys.stderr.write('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded(program: str) -> set[str]:
    """Top-level modules in memory after a program ran in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{ASK}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_starts_light() -> None:
    program = """
import sys
from benchmark.cli import app
sys.argv = ["moodbench", "--help"]
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
"""
    assert not loaded(program) & (HEAVY | {"pydantic", "dvc", "numpy"})


def test_main_and_the_module_are_one_command() -> None:
    command = [sys.executable, "-m", "benchmark", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("run", "prepare", "embed", "evaluate", "report", "use", "list"):
        assert re.search(rf"^\W*{name}\b", done.stdout, re.MULTILINE), f"{name} is not in the help"


def test_listing_tasks_suites_and_embedders_imports_nothing_heavy() -> None:
    program = """
from benchmark import embedder_spec, registry
from benchmark.params import EmbedderEntry
from embedders.catalog import CATALOG
assert registry.tasks() and registry.suites() and registry.datasets()
for name in CATALOG:
    registry.embedder_files(embedder_spec.resolve(name, EmbedderEntry()).factory)
"""
    assert not loaded(program) & HEAVY
