"""Names to things. Listing imports nothing heavy; an unknown name is answered with its near misses."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.machinery
import pkgutil
import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark import paths
from benchmark.errors import BenchmarkError, ParamsError, UnknownNameError
from embedders.base import Entry
from tasks.base import Suite, Task

OURS = ("benchmark", "embedders", "tasks", "tfds_builders")  # no stranger's, though they may stand beside his module


@cache
def tasks() -> dict[str, Task]:
    """Every task: the `TASKS` of each module in `tasks/`."""
    found: dict[str, Task] = {}
    for module in _modules():
        for task in getattr(module, "TASKS", ()):
            if task.name in found:
                raise BenchmarkError(f"task {task.name!r} is defined twice, again in {_file(module)}; rename one.")
            found[task.name] = task
    return found


def _modules() -> list[ModuleType]:
    import tasks as package

    return [importlib.import_module(f"tasks.{info.name}") for info in pkgutil.iter_modules(package.__path__)]


@cache
def suites() -> dict[str, Suite]:
    """Every suite, its tasks checked to exist: the `SUITES` of `tasks/suites.py` and of corpora of one's own."""
    found: dict[str, Suite] = {}
    for module in _modules():
        for suite in getattr(module, "SUITES", ()):
            if suite.name in found:
                raise BenchmarkError(f"suite {suite.name!r} is defined twice, again in {_file(module)}; rename one.")
            for name in suite.tasks:
                if name not in tasks():
                    raise UnknownNameError(f"task (in suite {suite.name!r})", name, tasks())
            found[suite.name] = suite
    return found


def _file(module: ModuleType) -> str:
    return f"{module.__name__.replace('.', '/')}.py"


def task(name: str) -> Task:
    """The task of that name, or `UnknownNameError`."""
    try:
        return tasks()[name]
    except KeyError:
        raise UnknownNameError("task", name, tasks()) from None


def suite(name: str) -> Suite:
    """The suite of that name, or `UnknownNameError`."""
    try:
        return suites()[name]
    except KeyError:
        raise UnknownNameError("suite", name, suites()) from None


def tasks_of(suite_names: list[str]) -> list[Task]:
    """The tasks of several suites, each once, in the order of the suites."""
    names = dict.fromkeys(name for suite_name in suite_names for name in suite(suite_name).tasks)
    return [task(name) for name in names]


def datasets() -> list[str]:
    """Every dataset with a builder: the folders of `tfds_builders/`."""
    return sorted(
        folder.name for folder in paths.BUILDERS.iterdir() if (folder / f"{folder.name}_dataset_builder.py").is_file()
    )


def split_name(dataset: str) -> tuple[str, str | None]:
    """A dataset's builder and config: `corpus/cut` is the config `cut` of the builder `corpus`."""
    name, _, config = dataset.partition("/")
    return name, config or None


def dataset_builder(dataset: str) -> Any:
    """The TFDS builder class of a dataset (of its builder, where a config is named); imports TFDS."""
    name, config = split_name(dataset)
    if name not in datasets():
        raise UnknownNameError("dataset", name, datasets())
    builder = importlib.import_module(f"tfds_builders.{name}.{name}_dataset_builder").Builder
    if config is not None and config not in builder.builder_configs:
        raise UnknownNameError(f"config of {name}", config, builder.builder_configs)
    return builder


def builder_files(dataset: str) -> list[Path]:
    """The code that can change what a dataset holds: its package and the builders' common code."""
    name, _ = split_name(dataset)
    own = [f for f in (paths.BUILDERS / name).rglob("*.py") if not f.name.endswith("_test.py")]
    return [*own, *(paths.BUILDERS / "common").rglob("*.py")]


def embedder_entry(name: str, *, row: str = "", known: Iterable[str] | None = None) -> Entry:
    """The catalogue's entry of that name, or `UnknownNameError`; `row` is the entry of params.yaml that asks.

    `known` are the names to offer instead, where there are others besides the catalogue's.
    """
    from embedders.catalog import CATALOG

    try:
        return CATALOG[name]
    except KeyError:
        raise UnknownNameError(
            f"embedder (like, of {row!r} in params.yaml)" if row and row != name else "embedder",
            name,
            CATALOG if known is None else known,
            "'moodbench list embedders' shows them. For a model of your own give its class: "
            f"'{row or name}: {{factory: \"my_package.my_module:MyEmbedder\"}}' in params.yaml.",
        ) from None


def module_file(module: str) -> Path:
    """The source file of a module, found without running it or its parents.

    Raises:
        ParamsError: no such module can be found from here.
    """
    search: list[str] | None = None
    spec, parents, part = None, "", ""
    for part in module.split("."):
        spec = _found(f"{parents}{part}", search)
        if spec is None:
            break
        search = list(spec.submodule_search_locations or [])
        parents += f"{part}."
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        siblings = [info.name for info in pkgutil.iter_modules(search)] if spec is None else []
        near = difflib.get_close_matches(part, siblings, n=1, cutoff=0.7)
        hint = f" Did you mean {parents + near[0]!r}?" if near else ""
        raise ParamsError(
            f"module {module!r} (of an embedder) is not found.{hint} Expected a module that Python can "
            "import from the project's folder or the environment: install the package, or set PYTHONPATH."
        )
    return Path(spec.origin)


def _found(module: str, search: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    """Where Python would find a module below `search`, a top-level one for None; nothing is run or imported for it.

    Every finder is asked, as an import does: an editable install puts its packages on no path.
    """
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec: importlib.machinery.ModuleSpec | None = find(module, search) if find is not None else None
        if spec is not None:
            return spec
    return None


def embedder_files(factory: str) -> tuple[Path, list[Path]]:
    """The code that makes an embedder, as (root to name files from, files).

    For ours: its module, or all of its package, the shared `base.py` and `common.py`, and whatever else of
    `embedders/` these import. For a stranger's: its module, or every module of the outermost package that it stands in,
    and the modules and packages beside it that these import. Nothing is run to find them.
    """
    module = factory.partition(":")[0]
    file = module_file(module)
    if module.startswith("embedders."):
        own = _whole_family(file)
        shared = [paths.ROOT / "embedders" / name for name in ("base.py", "common.py")]
        return paths.ROOT, _followed([*own, *(s for s in shared if s.is_file())], _imported_families)
    if "." not in module and file.name != "__init__.py":
        root, own = file.parent, [file]
    else:
        folder = file.parent
        while (folder.parent / "__init__.py").is_file():
            folder = folder.parent
        root, own = folder.parent, list(folder.rglob("*.py"))
    if any(root.glob("*.dist-info")):  # where packages are installed, what stands beside is another distribution
        return root, own
    return root, _followed(own, partial(_imported_siblings, root))


def imported_modules(file: Path) -> set[str]:
    """Every module that a file may import, `from a import b` as `a` and `a.b`; relative imports are left out.

    None for a file that is no Python of this version: what imports it will say so.
    """
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def _followed(own: list[Path], imported: Callable[[Path], list[Path]]) -> list[Path]:
    """`own` and all files that these import, those import, and so on; each once."""
    found = dict.fromkeys(own)
    waiting = list(found)
    while waiting:
        more = [each for each in imported(waiting.pop()) if each not in found]
        found |= dict.fromkeys(more)
        waiting += more
    return list(found)


def _whole_family(file: Path) -> list[Path]:
    """A module of `embedders/`, or all of the package that it stands in."""
    folder = paths.ROOT / "embedders"
    return [file] if file.parent == folder else list(file.parent.rglob("*.py"))


def _imported_families(file: Path) -> list[Path]:
    """The files of every family of `embedders/` that a file imports from, itself left out."""
    folder = paths.ROOT / "embedders"
    families = sorted({name.split(".")[1] for name in imported_modules(file) if name.startswith("embedders.")})
    heads = [head for name in families for head in (folder / f"{name}.py", folder / name / "__init__.py")]
    return [each for head in heads if head.is_file() for each in _whole_family(head)]


def _imported_siblings(root: Path, file: Path) -> list[Path]:
    """The files of every module and package right below `root` that a file of a stranger imports."""
    names = {name.partition(".")[0] for name in imported_modules(file)} - set(OURS)
    return [each for name in sorted(names) for each in _sibling(root, name)]


def _sibling(root: Path, name: str) -> list[Path]:
    """The files of the module or package that Python takes for a name, where it stands right below `root`."""
    spec = _found(name, None)
    if spec is None:
        return []
    folder = root / name
    if spec.origin is None:  # a folder without __init__.py
        inside = str(folder) in (spec.submodule_search_locations or ())
    elif Path(spec.origin) == folder.with_name(f"{name}.py"):
        return [Path(spec.origin)]
    else:
        inside = Path(spec.origin) == folder / "__init__.py"
    return list(folder.rglob("*.py")) if inside else []
