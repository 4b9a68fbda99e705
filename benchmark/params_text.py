"""params.yaml as text: parsed to plain data, with one clear line where it is no YAML; and written anew."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark import paths
from benchmark.errors import ParamsError
from benchmark.files import held, write_bytes

LOCK_SECONDS = 60.0  # how long one command waits for another that writes the file, which takes it a moment
MOST_VALUES = 10_000  # with every alias written out


def parse_text(text: str) -> Any:
    """The text of params.yaml as plain data; raises ruamel's errors, and `ParamsError` for a bomb."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    _refuse_bombs(yaml.compose(text))
    return yaml.load(text)


def read(path: Path) -> object:
    """The file's plain data; raises `ParamsError` where it is absent or no YAML."""
    from ruamel.yaml.error import YAMLError

    mend, content = "Mend it, or restore the file from git.", b""
    try:
        content = path.read_bytes()
        return parse_text(content.decode("utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path.name} not found. Run from the project's clone, or restore it from git.") from None
    except IsADirectoryError:
        raise ParamsError(
            f"{path.name} is a folder, expected a file. Move it away, then restore it from git."
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ParamsError(
            f"{path.name} cannot be parsed: line {line} holds the byte 0x{content[error.start]:02x}, expected text in "
            "UTF-8. Save it as UTF-8, or restore the file from git."
        ) from None
    except RecursionError:
        raise ParamsError(f"{path.name} cannot be parsed: it is nested too deeply. {mend}") from None
    except YAMLError as error:
        raise ParamsError(f"{path.name} cannot be parsed: {_yaml_problem(error)}. {mend}") from None


def require_writable(path: Path) -> None:
    """Raises `ParamsError` for a write-protected file: a new one would take its place all the same."""
    if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise ParamsError(
            f"{path.name} is write-protected, expected a file that may be changed. Run: chmod u+w {path.name}."
        )


def rewrite(path: Path, made: Callable[[], str]) -> None:
    """Replace the file's text by what `made` makes of it, while no other command does so.

    Where the path is a link, the file that it leads to is written.

    Raises:
        LockedError: another command holds the file for a minute.
    """
    with held(paths.lock("params"), who=f"writing {path.name}", wait_seconds=LOCK_SECONDS):
        write_bytes(path.resolve(), made().encode())


def _refuse_bombs(tree: Any) -> None:
    """Aliases of aliases grow without bound once written out; counting what they stand for does not."""
    sizes: dict[int, int | None] = {}

    def size(node: Any) -> int:
        if isinstance(node, tuple):  # a key and its value
            return sum(map(size, node))
        if not isinstance(getattr(node, "value", None), list):
            return 1
        if id(node) not in sizes:
            sizes[id(node)] = None  # being counted
            sizes[id(node)] = 1 + sum(map(size, node.value))
        known = sizes[id(node)]
        if known is None:
            raise ParamsError("params.yaml: an alias (*) stands inside of what it names. Write the value out.")
        return known

    found = size(tree)
    if found > MOST_VALUES:
        raise ParamsError(
            f"params.yaml: its aliases (*) stand for {found:,} values, expected at most {MOST_VALUES:,}. "
            "Write the values out."
        )


def _yaml_problem(error: Any) -> str:
    if hasattr(error, "character"):
        return f"found the character {error.character:#04x} at place {error.position + 1}, expected printable text"
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split()).rstrip(".")
    began = error.context_mark
    since = f" ({error.context} from line {began.line + 1} on)" if began and began.line != mark.line else ""
    spaces = "; indent with spaces" if "'\\t'" in problem else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem.partition(' with value ')[0]}{since}{spaces}"
