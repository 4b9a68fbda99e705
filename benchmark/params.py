"""The only reader of params.yaml: parsed strictly, unknown and duplicate keys are errors."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from benchmark import paths
from benchmark.errors import ParamsError
from benchmark.files import canonical
from benchmark.params_text import parse_text, read, require_writable, rewrite

VERSION = 1  # of the file's format; a file without `version` is of version 1
NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = {"item", "key"}  # DVC's own words inside foreach
LONGEST_NAME = 100  # characters: names of files are made of it
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
FACTORY = re.compile(rf"{MODULE.pattern}:[A-Za-z_]\w*")
DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


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
        twice = sorted({head for head in heads if heads.count(head) > 1})
        if twice:
            raise ValueError(f"found {', '.join(twice)} more than once in {heads}; expected each head once")
        return heads


ORIGINS = {  # where a row comes from: at most one of these; their values as they are to be written
    "like": "a name of the catalogue",
    "factory": "'module:Class', such as 'my_package.my_module:MyEmbedder'",
    "hear": "a module, such as 'my_package.hear_module'",
    **dict.fromkeys(("mteb", "xares"), "'module:Class', such as 'my_package.my_module:MyEncoder'"),
    "function": "'module:function', such as 'my_package.my_module:my_function'",
}


class EmbedderEntry(_Section):
    """One row: `{}` for a catalogue name, `like` for a variation of one, another of `ORIGINS` for one's own."""

    like: str | None = None
    factory: str | None = None
    hear: str | None = None
    mteb: str | None = None
    xares: str | None = None
    function: str | None = None
    kwargs: dict[str, Any] = Field(default_factory=dict)
    weights: str | None = None
    libraries: list[str] = Field(default_factory=list)
    training_sets: list[str] | None = None  # corpora by name; None: as the catalogue says, or not declared
    parameters: int | None = Field(default=None, ge=0)

    @field_validator("kwargs")
    @classmethod
    def _plain(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        for key, value in kwargs.items():
            try:
                canonical(value)  # they are part of the embedder's identity
            except (TypeError, ValueError):
                raise ValueError(
                    f"found {reprlib.repr(value)} for {key!r}; expected finite numbers, text, lists and mappings only"
                ) from None
            if not _keyed_by_text(value):
                raise ValueError(
                    f"found {reprlib.repr(value)} for {key!r}; expected text for every key of a mapping: put others "
                    "into quotes"
                )
        return kwargs

    @field_validator("factory", "hear", "mteb", "xares", "function")
    @classmethod
    def _module_and_class(cls, found: str | None, info: ValidationInfo) -> str | None:
        key = str(info.field_name)
        if found is not None and not (MODULE if key == "hear" else FACTORY).fullmatch(found):
            raise ValueError(f"found {found!r}; expected {ORIGINS[key]}")
        return found

    @field_validator("libraries")
    @classmethod
    def _distributions(cls, libraries: list[str]) -> list[str]:
        for name in libraries:
            if not DISTRIBUTION.fullmatch(name):
                raise ValueError(
                    f"found {name!r}; expected names of installed distributions, as pip knows them, without versions"
                )
        return libraries


class Params(_Section):
    """The whole of params.yaml."""

    version: int = Field(default=VERSION, ge=1)
    suites: list[str] = Field(min_length=1)
    probe: Probe = Field(default_factory=Probe)
    embedders: dict[str, EmbedderEntry] = Field(min_length=1)

    @field_validator("embedders", mode="before")
    @classmethod
    def _rows(cls, rows: object) -> object:
        if isinstance(rows, list):
            raise ValueError(f"found a list; expected a mapping, one entry a row{_as_mapping(rows)}")
        for name, entry in rows.items() if isinstance(rows, dict) else ():
            if not isinstance(name, str) or not NAME.fullmatch(name) or name in RESERVED:
                raise ValueError(
                    f"embedder name {name!r}: expected small letters, digits and '_', a letter first "
                    f"({NAME.pattern}), and none of {sorted(RESERVED)}{better_name(name)}"
                )
            if len(name) > LONGEST_NAME:
                raise ValueError(
                    f"embedder name {reprlib.repr(name)}: found {len(name)} characters, expected at most {LONGEST_NAME}"
                )
            if entry is None:
                raise ValueError(f"{name!r} has no value; write '{name}: {{}}'")
        return rows

    @field_validator("embedders")
    @classmethod
    def _one_origin(cls, entries: dict[str, EmbedderEntry]) -> dict[str, EmbedderEntry]:
        for name, entry in entries.items():
            given = [origin for origin in ORIGINS if getattr(entry, origin) is not None]
            if len(given) > 1:
                both = " and ".join(map(repr, given[:2]))
                raise ValueError(f"{name!r} has both {both}; expected one of {', '.join(ORIGINS)}")
        return entries


def load(path: Path | None = None) -> Params:
    """Read and check params.yaml.

    Raises:
        ParamsError: the file is absent, no YAML, holds a key twice, is of a newer version, or a key or value is
            not known.
    """
    path = path or paths.PARAMS
    found = read(path)
    if not isinstance(found, dict):
        raise ParamsError(f"{path.name}: found {_kind(found)}, expected a mapping with 'suites' and 'embedders'.")
    version = found.get("version")
    if type(version) is int and version > VERSION:  # before all else: what it holds besides need not be known here
        raise ParamsError(
            f"{path.name} is of version {version}, this moodbench reads up to {VERSION}. Update moodbench (git pull), "
            "or take the file that belongs to this version from git."
        )
    try:
        return Params.model_validate(found)
    except ValidationError as error:
        raise ParamsError(f"{path.name}: " + "; ".join(explain(e) for e in error.errors()) + ".") from None


def set_suites(names: list[str], path: Path | None = None) -> None:
    """Rewrite `suites:` (sorted, unique); every other line, and the comment on a suite that stays, is kept as it is.

    Raises:
        ParamsError: as `load`, or `suites:` is written in a way that cannot be changed, or the file is write-protected;
            it is then untouched.
    """
    path = path or paths.PARAMS
    load(path)  # before anything is written, a lock too
    rewrite(path, lambda: _with_suites(names, path))


def _with_suites(names: list[str], path: Path) -> str:
    """The file's text with these suites; raises as `set_suites`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    load(path)
    require_writable(path)
    wanted = sorted(set(names))
    text = path.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    text += "" if text.endswith("\n") else end  # or a line added below the last one would end up on it
    tree = YAML().load(text)
    listed = tree["suites"]
    if listed.fa.flow_style():
        new = re.sub(r"(?m)^suites:\s*\[[^\]]*\]", f"suites: [{', '.join(wanted)}]", text, count=1)
    else:
        lines = text.splitlines(keepends=True)
        rows = [listed.lc.item(row)[0] for row in range(len(listed))]
        places, first = dict(zip(map(str, listed), rows, strict=True)), min(rows)
        indent = " " * (len(lines[first]) - len(lines[first].lstrip(" ")))
        block = [lines[places[name]] if name in places else f"{indent}- {name}{end}" for name in wanted]
        rest = [line for row, line in enumerate(lines) if row not in rows]
        new = "".join(rest[:first] + block + rest[first:])
    try:
        kept = parse_text(new) == parse_text(text) | {"suites": wanted}
    except YAMLError:
        kept = False
    if not kept:
        raise ParamsError(
            f"{path.name}: 'suites:' is written in a way that cannot be changed here; expected a plain list. Edit it "
            f"by hand: suites: [{', '.join(wanted)}]."
        )
    return new


def _keyed_by_text(value: object) -> bool:
    """Whether all keys of mappings inside are text: JSON, which identities are made of, knows no others."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(isinstance(key, str) for key in (value if isinstance(value, dict) else ())) and all(
        map(_keyed_by_text, inside)
    )


def _as_mapping(rows: list[Any]) -> str:
    """How the first row of a list is written in a mapping."""
    first = rows[0] if rows else None
    if isinstance(first, dict) and first:
        return f": write '{next(iter(first))}:' without '- ' before it"
    return f", such as '{first}: {{}}'" if isinstance(first, str) else ""


def better_name(name: object) -> str:
    """A row's name that is allowed and near, as the end of a message; empty where there is none."""
    near = re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_").lstrip("_0123456789")
    return f"; write {near!r}" if NAME.fullmatch(near) and near not in RESERVED else ""


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"text {reprlib.repr(value)}"
    return {dict: "a mapping", list: "a list", type(None): "nothing"}.get(
        type(value), f"{type(value).__name__} {value!r}"
    )


_EXPECTED = {
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "string_type": "text",
    "too_short": "at least one entry",
}


def explain(error: Any) -> str:
    """One of pydantic's errors about params.yaml, as words."""
    where = ".".join(str(part) for part in error["loc"]) or "top level"
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        sections: dict[str, type[_Section]] = {"probe": Probe, "embedders": EmbedderEntry}
        known = (sections[str(error["loc"][0])] if len(error["loc"]) > 1 else Params).model_fields
        return f"unknown key {where!r}; {_near(error['loc'][-1], known)}expected {', '.join(known)}"
    if kind == "missing":
        return f"key {where!r} is missing; expected it with at least one entry"
    if kind == "value_error":  # one of ours, which says all
        return f"{where}: {error['msg'].removeprefix('Value error, ')}"
    expected = _EXPECTED.get(kind, error["msg"].removeprefix("Input should be "))
    hint = _near(given, re.findall(r"'(\w+)'", expected)) if kind == "literal_error" else ""
    return f"{where}: found {_kind(given)}; {hint}expected {expected}{_way_out(kind, given)}"


def _near(name: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? " if near else ""


def _way_out(kind: str, given: object) -> str:
    if isinstance(given, str) and kind in ("float_type", "int_type"):
        return ", without quotes"
    if isinstance(given, str) and kind == "list_type":
        return f", such as [{reprlib.repr(given)[1:-1]}]"
    return f": put {given} into quotes" if kind == "string_type" and isinstance(given, int | float) else ""
