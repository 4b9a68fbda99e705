"""The only reader of params.yaml: parsed strictly, unknown and duplicate keys are errors."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from benchmark import paths
from benchmark.errors import ParamsError
from benchmark.files import canonical

NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = {"item", "key"}  # DVC's own words inside foreach


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Probe(_Section):
    """How vectors are scored; a change re-scores cells and embeds nothing."""

    mode: Literal["grid", "none"] = "grid"
    heads: list[Literal["lda", "lr", "qda", "rf", "svc"]] = Field(
        default=["lda", "lr", "qda", "rf", "svc"], min_length=1
    )
    seed: int = Field(default=42, ge=0)
    level: float = Field(default=0.95, gt=0.5, lt=1.0)

    @field_validator("heads")
    @classmethod
    def _once(cls, heads: list[str]) -> list[str]:
        if len(set(heads)) != len(heads):
            raise ValueError(f"a head is named twice in {heads}")
        return heads


class EmbedderEntry(_Section):
    """One row: `{}` for a catalogue name, `like` for a variation of one, `factory` for one's own."""

    like: str | None = None
    factory: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    kwargs: dict[str, Any] = Field(default_factory=dict)
    weights: str | None = None
    libraries: list[str] = Field(default_factory=list)

    @field_validator("kwargs")
    @classmethod
    def _plain(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            canonical(kwargs)  # they are part of the embedder's identity
        except (TypeError, ValueError):
            raise ValueError(f"expected finite numbers, text, lists and mappings only, not {kwargs}") from None
        return kwargs


class Params(_Section):
    """The whole of params.yaml."""

    suites: list[str] = Field(min_length=1)
    probe: Probe = Field(default_factory=Probe)
    embedders: dict[str, EmbedderEntry] = Field(min_length=1)

    @field_validator("embedders")
    @classmethod
    def _names(cls, entries: dict[str, EmbedderEntry]) -> dict[str, EmbedderEntry]:
        for name, entry in entries.items():
            if not NAME.fullmatch(name) or name in RESERVED:
                raise ValueError(
                    f"embedder name {name!r}: expected small letters, digits and '_', a letter first "
                    f"({NAME.pattern}), and none of {sorted(RESERVED)}"
                )
            if entry.like and entry.factory:
                raise ValueError(f"embedder {name!r} has both 'like' and 'factory': give one of them")
        return entries


def load(path: Path | None = None) -> Params:
    """Read and check params.yaml.

    Raises:
        ParamsError: the file is absent, no YAML, holds a key twice, or a key or value is not known.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = path or paths.PARAMS
    try:
        found = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path.name} not found. Run from the project's clone, or restore it from git.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path.name} cannot be parsed: {_one_line(error)}") from None
    if not isinstance(found, dict):
        raise ParamsError(f"{path.name}: found {_kind(found)}, expected a mapping with 'suites' and 'embedders'.")
    rows = found.get("embedders")
    if isinstance(rows, list):
        raise ParamsError(
            f"{path.name}: embedders: found a list; expected a mapping, one entry a row, such as '{rows[0]}: {{}}'."
            if rows
            else f"{path.name}: embedders: found an empty list; expected a mapping with at least one row."
        )
    for name, entry in rows.items() if isinstance(rows, dict) else ():
        if entry is None:
            raise ParamsError(f"{path.name}: embedder {name!r} has no value; write '{name}: {{}}'.")
    try:
        return Params.model_validate(found)
    except ValidationError as error:
        raise ParamsError(f"{path.name}: " + "; ".join(_explain(e) for e in error.errors())) from None


def set_suites(names: list[str], path: Path | None = None) -> None:
    """Rewrite `suites:` (sorted, unique); every other line, and the comment on a suite that stays, is kept as it is.

    Raises:
        ParamsError: as `load`; the file is then untouched.
    """
    from ruamel.yaml import YAML

    from benchmark.files import write_bytes

    path = path or paths.PARAMS
    load(path)
    text, wanted = path.read_text(encoding="utf-8"), sorted(set(names))
    text += "" if text.endswith("\n") else "\n"  # or a line added below the last one would end up on it
    tree = YAML().load(text)
    listed = tree["suites"]
    if listed.fa.flow_style():
        new = re.sub(r"(?m)^suites:\s*\[[^\]]*\]", f"suites: [{', '.join(wanted)}]", text, count=1)
    else:
        lines = text.splitlines(keepends=True)
        rows = [listed.lc.item(row)[0] for row in range(len(listed))]
        places, first = dict(zip(map(str, listed), rows, strict=True)), min(rows)
        indent = " " * (len(lines[first]) - len(lines[first].lstrip(" ")))
        block = [lines[places[name]] if name in places else f"{indent}- {name}\n" for name in wanted]
        rest = [line for row, line in enumerate(lines) if row not in rows]
        new = "".join(rest[:first] + block + rest[first:])
    write_bytes(path, new.encode())


def _kind(value: object) -> str:
    return {dict: "a mapping", list: "a list", str: "text", type(None): "nothing"}.get(
        type(value), f"{type(value).__name__} {value!r}"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _explain(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "top level"
    if error["type"] == "extra_forbidden":
        sections: dict[str, type[_Section]] = {"probe": Probe, "embedders": EmbedderEntry}
        known = (sections[str(error["loc"][0])] if len(error["loc"]) > 1 else Params).model_fields
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"unknown key {where!r}; {hint}expected {', '.join(known)}"
    if error["type"] == "missing":
        return f"key {where!r} is missing"
    message = error["msg"].removeprefix("Value error, ")
    return f"{where}: found {_kind(error['input'])}; {message}"
