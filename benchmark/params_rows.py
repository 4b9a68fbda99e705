"""Adding rows to params.yaml: new lines below its last row, every byte that was there stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark import params, paths
from benchmark.errors import ParamsError
from benchmark.params import NAME, RESERVED, EmbedderEntry
from benchmark.params_text import parse_text, require_writable, rewrite

BARE = re.compile(r"[A-Za-z_][\w./+-]*")  # text that needs no quotes, unless YAML takes it for something else
NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def add(rows: Mapping[str, EmbedderEntry], path: Path | None = None) -> None:
    """Write entries under `embedders:`, all of them or, when anything is wrong, none.

    Of two commands at once, the second adds to what the first has written. Where the path is a link, the file that
    it leads to is written.

    Raises:
        ParamsError: as `params.load`; a name is there already or not allowed; the file is write-protected; or
            `embedders:` is written in a way that cannot be added to here. The file is then untouched.
        LockedError: another command holds the file for a minute.
    """
    path = path or paths.PARAMS
    rewrite(path, lambda: _with_rows(rows, path))


def require_addable(rows: Mapping[str, EmbedderEntry]) -> None:
    """Raises as `add` for params.yaml, and writes nothing: to be asked before models are tried for hours."""
    _with_rows(rows, paths.PARAMS)


def _with_rows(rows: Mapping[str, EmbedderEntry], path: Path) -> str:
    """The file's text with the rows in it; raises as `add`."""
    refuse_taken(rows, params.load(path), path)
    require_writable(path)
    text = path.read_bytes().decode("utf-8")
    plain = {name: entry.model_dump(exclude_defaults=True) for name, entry in rows.items()}
    new = _inserted(text, plain)
    before = parse_text(text)
    wanted = {**before, "embedders": {**before["embedders"], **plain}}
    if new is None or _parsed(new) != wanted:
        lines = "".join(_flow(name, entry) for name, entry in plain.items())
        raise ParamsError(
            f"{path.name}: 'embedders:' is written in a way that cannot be added to here; expected one row a line or "
            f"block, indented below it. Add by hand: {lines.strip()}."
        )
    return new


def refuse_taken(rows: Mapping[str, object], found: params.Params, path: Path | None = None) -> None:
    """Raises `ParamsError` for a name that cannot be a row's, or is one already."""
    file = (path or paths.PARAMS).name
    for name in rows:
        if not NAME.fullmatch(name) or name in RESERVED:
            raise ParamsError(
                f"name {name!r}: expected small letters, digits and '_', a letter first ({NAME.pattern}), and none of "
                f"{sorted(RESERVED)}{params.better_name(name)}."
            )
        if name in found.embedders:
            raise ParamsError(f"{file} has a row {name!r} already. Take another name, or edit that row by hand.")


def _inserted(text: str, rows: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The text with the rows below the last one; None where the block cannot be found."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if re.match(r"embedders:\s*(#.*)?$", line)]
    if len(heads) != 1:
        return None
    last, indent = heads[0], ""
    for number in range(heads[0] + 1, len(lines)):
        line = lines[number]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            break
        indent = indent or line[: len(line) - len(line.lstrip(" "))]
        last = number
    if not indent:
        return None
    if not lines[last].endswith("\n"):
        lines[last] += end
    return "".join([*lines[: last + 1], *_lines(rows, indent, end), *lines[last + 1 :]])


def _lines(rows: Mapping[str, Mapping[str, Any]], indent: str, end: str) -> list[str]:
    found = []
    for name, entry in rows.items():
        found.append(f"{indent}{name}:{'' if entry else ' {}'}{end}")
        for key, value in entry.items():
            if isinstance(value, dict):
                found.append(f"{indent * 2}{key}:{end}")
                found += [f"{indent * 3}{_scalar(inner)}: {_scalar(each)}{end}" for inner, each in value.items()]
            elif isinstance(value, list):
                found.append(f"{indent * 2}{key}:{end}")
                found += [f"{indent * 3}- {_scalar(each)}{end}" for each in value]
            else:
                found.append(f"{indent * 2}{key}: {_scalar(value)}{end}")
    return found


def _flow(name: str, entry: Mapping[str, Any]) -> str:
    """A row on one line, for a message."""
    return f"{name}: {json.dumps(entry, ensure_ascii=False)} "


def _scalar(value: object) -> str:
    """A value as YAML: text bare where it is read as text, else as JSON, which is YAML."""
    if isinstance(value, str) and BARE.fullmatch(value) and value.lower() not in NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Any:
    from contextlib import suppress

    with suppress(Exception):  # whatever is wrong with it, it is not what was wanted
        return parse_text(text)
    return None
