"""`moodbench register`: a model becomes rows of params.yaml, after the battery has tried it in a process of its own."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from benchmark import embedder_spec, entry_points, isolation, params, params_rows, registry
from benchmark.check import apart
from benchmark.check.report import NOT_MADE, Finding, Skipped, ended, not_tried
from benchmark.construction import Construction
from benchmark.embedder_spec import EmbedderSpec
from benchmark.errors import BenchmarkError, ContractError, ParamsError, UnknownNameError
from benchmark.params import ORIGINS, EmbedderEntry, Params

Say = Callable[[str], None]
CONSTANTS = {"True": True, "False": False, "None": None}  # as text, False would be true


@dataclass(frozen=True)
class Options:
    """How a model is tried before it is written."""

    check: bool = True
    force: bool = False
    device: str = "auto"
    patience: float = 900.0


def register(name: str, fields: Mapping[str, Any], sweep: Sequence[str], options: Options, say: Say) -> None:
    """Try the model of an entry (of each row of a sweep), then write the rows; nothing is written when one fails.

    `fields` are those of an entry of params.yaml; `sweep` holds "argument=value,value" texts.

    Raises:
        ParamsError: a name, an argument or the module is not right.
        BenchmarkError: a model failed the battery, or died in it, and `force` is not given.
    """
    found = params.load()
    given = entry_of(name, fields)
    rows = expand(name, given, sweep)
    params_rows.require_addable(rows)
    _require_model(name, given, rows)
    for row in (name, *rows):
        _require_own_name(row, given)
    specs = {row: embedder_spec.resolve(row, entry) for row, entry in rows.items()}
    for row, spec in specs.items():
        embedder_spec.code(spec)
        if options.check:
            if len(rows) > 1:
                say(f"{row}:")
            rows[row] = _tried(spec, rows[row], options, say)
    params_rows.add(rows)
    for line in _next_steps(list(rows), found):
        say(line)


def entry_of(name: str, fields: Mapping[str, Any]) -> EmbedderEntry:
    """The entry of those fields, checked as params.yaml is."""
    try:
        made = Params.model_validate({"suites": ["none"], "embedders": {name: dict(fields)}})
    except ValidationError as error:
        raise ParamsError("; ".join(params.explain(each) for each in error.errors()) + ".") from None
    return made.embedders[name]


def _json(text: str) -> Any:
    try:
        return CONSTANTS[text] if text in CONSTANTS else json.loads(text)
    except ValueError:
        return text


def parse_settings(texts: Sequence[str], option: str, read: Callable[[str], Any] = _json) -> dict[str, Any]:
    """`key=value` texts and JSON objects as one mapping; a value is JSON or a constant of Python, or else text.

    `read` makes something else of the text of a value.

    Raises:
        ParamsError: a text of another form, or a key twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        given: Any = None
        if text.lstrip().startswith("{"):
            given = _json(text)
        elif equals and key.strip().isidentifier():
            given = {key.strip(): read(value)}
        if not isinstance(given, dict):
            raise ParamsError(f"{option} {text!r}: expected argument=value, or a JSON object in quotes.")
        for twice in found.keys() & given.keys():
            raise ParamsError(f"{option}: argument {twice!r} is given twice, expected it once.")
        found |= given
    return found


def expand(name: str, entry: EmbedderEntry, sweep: Sequence[str]) -> dict[str, EmbedderEntry]:
    """The row itself, or a row for each combination of a sweep's values, named after them."""
    if not sweep:
        return {name: entry}
    axes = {key: _values(key, value) for key, value in parse_settings(sweep, "--sweep", str).items()}
    rows: dict[str, EmbedderEntry] = {}
    for values in itertools.product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        row = "_".join([name, *(_word(key, value) for key, value in point.items())])
        if row in rows:
            raise ParamsError(f"--sweep: two of its rows would be called {row!r}; leave one out, or register it alone.")
        rows[row] = entry_of(row, entry.model_dump(exclude_defaults=True) | {"kwargs": {**entry.kwargs, **point}})
    return rows


def _values(key: str, given: Any) -> list[Any]:
    values = [_json(each) for each in _split(given)] if isinstance(given, str) else [given]
    values = values[0] if len(values) == 1 and isinstance(values[0], list) else values  # a list of the values
    if not values or "" in values:
        raise ParamsError(f"--sweep {key}: found {given!r}, expected values with commas between them.")
    return values


def _split(text: str) -> list[str]:
    """A text at its commas, but for those inside of a JSON list, object or string."""
    pieces = [""]
    for between in text.split(","):
        begun = pieces[-1]
        pieces[-1:] = [f"{begun},{between}"] if _begins_json(begun) else [begun, between]
    if _begins_json(pieces[-1]):
        raise ParamsError(
            f"--sweep: found {pieces[-1]!r}, which begins as JSON and is none, expected values with commas between. "
            "Write text in a list, and text that begins so, in double quotes."
        )
    return pieces[1:]


def _begins_json(text: str) -> bool:
    """Whether a text begins as a list, an object or a string of JSON and is none, or not yet."""
    return text.lstrip()[:1] in ("[", "{", '"') and _json(text) == text


def _word(key: str, value: Any) -> str:
    """`layer3`, `layerminus3` or `masktrue` for what is no text, `mean_std` for text: what makes a name readable."""
    said = value if isinstance(value, str) else re.sub(r"-(?=[\d.])", "minus", str(value))
    word = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")
    return word if isinstance(value, str) else f"{key.lower()}{word}"


def _require_model(name: str, entry: EmbedderEntry, rows: Mapping[str, object]) -> None:
    """Only a row of the catalogue, by its own name, needs no option that says which model it is."""
    if any(getattr(entry, origin) for origin in ORIGINS):
        return
    options = ", ".join(f"--{origin}" for origin in ORIGINS)
    if name in entry_points.names() and name not in rows:
        raise ParamsError(f"--sweep: found no model to vary, expected one of {options}. Give --like {name}.")
    if name not in entry_points.names():
        raise UnknownNameError(
            "embedder", name, entry_points.names(), f"For a model of your own give one of {options}."
        )


def _require_own_name(name: str, entry: EmbedderEntry) -> None:
    given = [origin for origin in ORIGINS if getattr(entry, origin)]
    if given and name in entry_points.names() and entry.like != name:
        raise ParamsError(
            f"{name!r} is a name of the catalogue or of an installed package (moodbench list embedders), expected one "
            "of your own. Take another name."
        )


# -- the battery, apart ----------------------------------------------------------------------------


def _tried(spec: EmbedderSpec, entry: EmbedderEntry, options: Options, say: Say) -> EmbedderEntry:
    """The entry with the libraries that its model was seen to use."""
    heard = _Heard(say)
    try:
        _try_apart(spec, options, heard)
        if heard.not_made:
            raise ContractError(f"making {spec.name}: {heard.not_made}")
        if heard.failed:
            raise ContractError(
                f"{spec.name}: {len(heard.failed)} of the checks above failed: {', '.join(heard.failed)}"
            )
    except BenchmarkError as error:
        if not options.force:
            ending = "Nothing was written. Mend it, or write the row all the same with --force."
            raise BenchmarkError(f"{ended(str(error))} {ending}") from None
        say(f"{spec.name} is written all the same (--force): {error}")
    return entry.model_copy(update={"libraries": list(dict.fromkeys([*entry.libraries, *heard.libraries]))})


def _try_apart(spec: EmbedderSpec, options: Options, heard: _Heard) -> None:
    """All that the model's process tells goes to `heard`; what was not tried is said last, whatever became of it."""
    try:
        isolation.run_apart(
            _battery,
            embedder_spec.construction_here(spec, options.device),
            spec,
            quiet_seconds=options.patience,
            doing=f"checking {spec.name}",
            told=heard.take,
            awaited="finished check",
            command="moodbench register",
        )
    finally:
        for each in not_tried(heard.skipped):
            heard.say(str(each))


@dataclass
class _Heard:
    """What the model's process has told so far; each finding, and each note, is said as it comes."""

    say: Say
    not_made: str = ""
    failed: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)

    def take(self, news: dict[str, Any]) -> None:
        if "finding" in news:
            finding = Finding(**news["finding"])
            if finding.name == NOT_MADE:
                self.not_made = finding.seen
                return
            self.say(str(finding))
            self.failed += [] if finding.passed else [finding.name]
        if "skipped" in news:
            self.skipped.append(Skipped(**news["skipped"]))
        if "note" in news:
            self.say(f"note    {news['note']}")
        self.libraries += news.get("libraries", [])


def _battery(making: Construction, spec: EmbedderSpec) -> None:
    """The part that runs apart."""
    try:
        tried = apart.battery(making, thorough=False, may_lack=True)
    except ContractError as error:  # at its import
        raise ContractError(f"making {spec.name}: {error}") from None
    if tried is not None:
        isolation.tell({"libraries": used_libraries(spec)})


def used_libraries(spec: EmbedderSpec) -> list[str]:
    """Installed distributions that the stranger's own files import and that are loaded in this process.

    Their versions can change a vector. What comes from the catalogue names its libraries itself.
    """
    if spec.entry is not None:
        return []
    wanted = spec.kwargs["wraps"] if spec.factory in embedder_spec.ADAPTERS.values() else spec.factory
    module = str(wanted).partition(":")[0]
    _, files = registry.embedder_files(module)
    imported: set[str] = set()
    for file in files:
        imported |= {name.partition(".")[0] for name in registry.imported_modules(file)}
    imported -= {module.partition(".")[0], "benchmark", "embedders"}
    owners = importlib.metadata.packages_distributions()
    return sorted({owner for name in imported & sys.modules.keys() for owner in owners.get(name, ())})


def _next_steps(rows: Sequence[str], before: Params) -> list[str]:
    stages = [f"{stage}@{row}" for row in rows for stage in ("embed", "evaluate")]
    shown = stages if len(stages) <= 6 else [*stages[:4], f"… ({len(rows)} rows)"]
    kept = len(before.embedders)
    others = "the other row has" if kept == 1 else f"the other {kept} rows have"
    return [
        f"params.yaml: added {', '.join(rows)}.",
        f"Next: dvc repro (or moodbench run). It runs prepare, {', '.join(shown)}, then report; "
        f"what {others} is kept. Suites: {', '.join(before.suites)}.",
    ]
