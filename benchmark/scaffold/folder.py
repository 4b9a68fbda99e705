"""A template filled in and put in its place at once: a builder's folder and one file of tasks."""

from __future__ import annotations

import re
import shutil
import string
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmark import paths, registry
from benchmark.errors import DatasetError
from benchmark.files import write_bytes
from tasks.base import NAME

TEMPLATES = Path(__file__).parent / "templates"
TASK_FILE = "tasks.py.txt"


def refuse_taken(name: str) -> None:
    """Raises `DatasetError` where a new dataset cannot have this name."""
    if not NAME.fullmatch(name):
        raise DatasetError(
            f"dataset name {name!r}: expected small letters, digits and '_', a letter first ({NAME.pattern})."
        )
    taken = {*registry.datasets(), *registry.tasks(), *registry.suites(), "common"}
    if name in taken or (paths.BUILDERS / name).exists():
        raise DatasetError(f"{name!r} is the name of a dataset, task or suite already; choose another.")
    if name in _catalogue():
        raise DatasetError(f"{name!r} is a dataset of the TFDS catalogue, which it would shadow; choose another name.")


def publish(name: str, template: str, values: Mapping[str, str], more: Mapping[str, str] | None = None) -> list[Path]:
    """Fill `templates/<template>` in and put it into `tfds_builders/<name>/` and `tasks/own_<name>.py`.

    The folder appears whole or not at all. Answers the files written.
    """
    filled: dict[str, str] = {}
    for file in sorted((TEMPLATES / template).glob("*.txt")):
        target = file.name.removesuffix(".txt").replace("NAME", name)
        filled[target] = string.Template(file.read_text(encoding="utf-8")).substitute(values)
    task_file = paths.ROOT / "tasks" / f"own_{name}.py"
    tasks = filled.pop(TASK_FILE.removesuffix(".txt"))
    folder = paths.BUILDERS / name
    made = Path(tempfile.mkdtemp(dir=paths.BUILDERS, prefix=f".{name}.partial"))
    try:
        made.chmod(0o755)
        for target, text in {**filled, **(more or {})}.items():
            write_bytes(made / target, text.encode())
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    write_bytes(task_file, tasks.encode())
    return [*sorted(folder.iterdir()), task_file]


def _catalogue() -> set[str]:
    """Names of the TFDS catalogue, from its list of files: importing it takes seconds."""
    from importlib.metadata import files

    pattern = re.compile(r"tensorflow_datasets/.*/(\w+)_dataset_builder\.py")
    return {m[1] for file in files("tensorflow-datasets") or () if (m := pattern.fullmatch(file.as_posix()))}
