"""`moodbench data add`: a table, or a folder for each class, becomes a dataset, a task and a suite."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import get_args

from benchmark import paths
from benchmark.errors import DatasetError
from benchmark.probes.normalisation import MIN_CLASSES, MIN_CLIPS
from benchmark.scaffold.folder import publish, refuse_taken
from tasks.base import Domain

FEWEST_GROUPS = 3  # test, validation, training
MOST_FOLDS = 5
OPTIONAL = ("part", "start", "end")


@dataclass(frozen=True)
class Columns:
    """What the columns of a table of one's own are called."""

    path: str = "path"
    label: str = "label"
    group: str = "group"


def add_table(name: str, table: Path, audio: Path, columns: Columns, domain: str) -> list[str]:
    """Make a dataset of the clips that a CSV or Parquet table names, below the folder `audio`; answers the next steps.

    Raises:
        DatasetError: a column or a file is missing, a clip stands there twice, or groups are too few.
    """
    rows = _read(table)
    wanted = {"path": columns.path, "label": columns.label, "group": columns.group}
    header = list(rows[0]) if rows else []
    if lacking := [column for column in wanted.values() if column not in header]:
        raise DatasetError(
            f"{table.name}: no column {' and no column '.join(map(repr, lacking))}; found "
            f"{', '.join(header) or 'none'}. Name them with --path, --label and --group."
        )
    named = [
        {
            **{ours: str(row[theirs]).strip() for ours, theirs in wanted.items()},
            **{k: _cell(row[k]) for k in OPTIONAL if k in row},
        }
        for row in rows
    ]
    return _add(name, named, audio, domain)


def add_folder(name: str, audio: Path, group: str, domain: str) -> list[str]:
    """Make a dataset of a folder with a subfolder for each class; `group` is a pattern over each file's path.

    The first bracket of the regular expression `group` names the group (speaker, artist), which never crosses parts.

    Raises:
        DatasetError: the folder holds no such layout, or a path does not match the pattern.
    """
    try:
        pattern = re.compile(group)
    except re.error as error:
        raise DatasetError(f"--group {group!r} is no regular expression: {error}.") from None
    if pattern.groups < 1:
        raise DatasetError(f"--group {group!r} has no bracket; expected one around what names the group.")
    from tfds_builders.common.audio import EXTENSIONS

    rows = []
    for file in sorted(audio.rglob("*")):
        place = file.relative_to(audio)
        hidden = any(part.startswith(".") for part in place.parts)  # such as macOS's "._" copies
        if file.suffix.lower().lstrip(".") in EXTENSIONS and len(place.parts) > 1 and not hidden:
            found = pattern.search(place.as_posix())
            if found is None:
                raise DatasetError(f"{place.as_posix()!r} does not match --group {group!r}; expected every file to.")
            rows.append({"path": place.as_posix(), "label": place.parts[0], "group": found[1]})
    if not rows:
        raise DatasetError(
            f"{audio}: found no {'/'.join(EXTENSIONS)} in subfolders; expected a subfolder for each class."
        )
    return _add(name, rows, audio, domain)


def _add(name: str, rows: list[dict[str, str]], audio: Path, domain: str) -> list[str]:
    refuse_taken(name)
    if domain not in get_args(Domain):
        raise DatasetError(f"--domain {domain!r}: expected one of {', '.join(get_args(Domain))}.")
    audio = audio.expanduser().resolve()
    rows = [{**row, "path": _below(audio, row["path"])} for row in rows]
    _refuse_bad_rows(rows, audio)
    labels, groups = sorted({row["label"] for row in rows}), {row["group"] for row in rows}
    split = "Predefined()" if any(row.get("part") for row in rows) else f"GroupKFold({min(MOST_FOLDS, len(groups))})"
    too_small = _too_small_a_group(rows) if domain == "speech emotion" else ""
    values = {
        "name": name,
        "classes": _items(labels),
        "split": split,
        "policy": split.partition("(")[0],
        "clips": str(len(rows)),
        "groups": str(len(groups)),
        "labels": ", ".join(labels),
        "domain": domain,
        "normalisation": "group" if domain == "speech emotion" and not too_small else "train",
    }
    publish(name, "own_corpus", values, {"table.csv": _csv(rows), "source.txt": f"{audio}\n"})
    return [
        f"{name}: {len(rows)} clips, {len(labels)} classes, {len(groups)} groups",
        *([f"normalised by the training part, not by group: {too_small}"] if too_small else []),
        f"written: {paths.BUILDERS.name}/{name}/ and tasks/own_{name}.py",
        f"next: moodbench audit {name}; moodbench use {name}; moodbench run",
    ]


def _below(audio: Path, path: str) -> str:
    """A path of the table as one below `audio`, as the builder will know it; unchanged where it points elsewhere."""
    place = Path(path)
    if place.is_absolute() and place.is_relative_to(audio):
        place = place.relative_to(audio)
    return PurePosixPath(place).as_posix()


def _refuse_bad_rows(rows: Sequence[dict[str, str]], audio: Path) -> None:
    """Raises `DatasetError` for what the builder would refuse only after it has read all audio."""
    from tfds_builders.common.audio import EXTENSIONS

    elsewhere = [row["path"] for row in rows if Path(row["path"]).is_absolute() or ".." in Path(row["path"]).parts]
    missing = [row["path"] for row in rows if not (audio / row["path"]).is_file()]
    if absent := elsewhere or missing:
        raise DatasetError(
            f"{len(set(absent))} of the files that the table names are not in {audio}, such as {absent[0]!r}. "
            "Give the folder that the paths start from with --audio."
        )
    if other := [row["path"] for row in rows if PurePosixPath(row["path"]).suffix.lower()[1:] not in EXTENSIONS]:
        raise DatasetError(
            f"{len(set(other))} files are of another kind than {', '.join(EXTENSIONS)}, such as {other[0]!r}. "
            "Convert them, or leave them out of the table."
        )
    keys = Counter((row["path"], row.get("start", ""), row.get("end", "")) for row in rows)
    if twice := [key[0] for key, number in keys.items() if number > 1]:
        raise DatasetError(f"{twice[0]!r} stands in the table twice; expected every clip once.")
    labels, groups = sorted({row["label"] for row in rows}), {row["group"] for row in rows}
    if len(labels) < 2 or "" in labels or any(not label.isprintable() for label in labels):
        raise DatasetError(f"found the labels {labels}; expected at least two, each in one line and none empty.")
    if "" in groups:
        clip = next(row["path"] for row in rows if not row["group"])
        raise DatasetError(f"{clip!r} has no group; expected one in every row: without it a speaker may cross parts.")
    if len(groups) < FEWEST_GROUPS:
        raise DatasetError(
            f"found {len(groups)} groups; expected at least {FEWEST_GROUPS}, so that train, validation and test share "
            "none. Name another column or pattern with --group."
        )


def _too_small_a_group(rows: Iterable[dict[str, str]]) -> str:
    """A group that cannot be standardised by its own statistics, in words; "" where all can."""
    labels: dict[str, list[str]] = {}
    for row in rows:
        labels.setdefault(row["group"], []).append(row["label"])
    for group, own in sorted(labels.items()):
        if len(own) < MIN_CLIPS or len(set(own)) < MIN_CLASSES:
            return (
                f"group {group!r} has {len(own)} clips of {len(set(own))} classes, "
                f"expected {MIN_CLIPS} clips of {MIN_CLASSES} classes"
            )
    return ""


def _items(texts: Iterable[str]) -> str:
    """A tuple's items as the project's formatter writes them: double quotes, but where they would need a backslash."""
    lines = []
    for literal in map(repr, texts):
        plain = literal[0] == "'" and '"' not in literal
        lines.append(f'            "{literal[1:-1]}",' if plain else f"            {literal},")
    return "\n".join(lines)


def _read(table: Path) -> list[dict[str, object]]:
    try:
        if table.suffix == ".parquet":
            import pyarrow.parquet as pq

            found: list[dict[str, object]] = pq.read_table(table).to_pylist()
            return found
        with table.open(encoding="utf-8-sig", newline="") as stream:
            return [dict(row) for row in csv.DictReader(stream)]
    except FileNotFoundError:
        raise DatasetError(f"no table {table}; expected a CSV (with a header) or Parquet file.") from None
    except (UnicodeDecodeError, csv.Error, OSError, ValueError) as error:
        raise DatasetError(f"{table.name} cannot be read as CSV or Parquet: {' '.join(str(error).split())}.") from None


def _cell(value: object) -> str:
    return "" if value is None else str(value).strip()


def _csv(rows: Iterable[dict[str, str]]) -> str:
    listed = list(rows)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(listed, key=lambda row: tuple(row.values())))
    return stream.getvalue()
