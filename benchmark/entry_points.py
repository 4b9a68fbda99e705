"""Rows that installed packages bring: entry points of the group `moodbench.embedders`.

The entry point's name is the row's name. Its value is `module:Class`, a model of the package's own, or
`module:NAME` where that module assigns an `Entry` to NAME: such a module is imported to read it, so it must be light.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
from dataclasses import dataclass
from functools import cache

from benchmark import registry
from benchmark.errors import BenchmarkError
from embedders.base import Entry

GROUP = "moodbench.embedders"


@dataclass(frozen=True)
class Installed:
    """One row of an installed package."""

    name: str
    value: str
    distribution: str


@cache
def installed() -> dict[str, tuple[Installed, ...]]:
    """Every row that a package brings; several where packages claim one name. Imports none of them."""
    found: dict[str, tuple[Installed, ...]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        distribution = point.dist.name if point.dist else "an unknown distribution"
        found[point.name] = (
            *found.get(point.name, ()),
            Installed(point.name, point.value.replace(" ", ""), distribution),
        )
    return found


def names() -> set[str]:
    """The catalogue's names and those that packages bring."""
    from embedders.catalog import CATALOG

    return CATALOG.keys() | installed().keys()


def known(name: str, *, row: str = "") -> Entry | str:
    """What a name means: an entry, or the factory of a package that declares no more than a class.

    `row` is the entry of params.yaml that asks.

    Raises:
        UnknownNameError: neither the catalogue nor a package knows it.
        BenchmarkError: both do, or two packages, or what the package declares is not to be had.
    """
    from embedders.catalog import CATALOG

    brought = installed().get(name, ())
    if not brought:
        return registry.embedder_entry(name, row=row, known=names())
    claims = [f"package {each.distribution!r}" for each in brought]
    if name in CATALOG:
        claims.insert(0, "moodbench's catalogue")
    if len(claims) > 1:
        raise BenchmarkError(
            f"embedder name {name!r} is claimed by {' and by '.join(claims)}, expected one of them. Uninstall "
            f"the package, or have it rename its entry point of the group {GROUP}."
        )
    return _declared(brought[0])


def _declared(point: Installed) -> Entry | str:
    module, _, attribute = point.value.partition(":")
    if not attribute or "." in attribute:
        raise _wrong(point, f"is {point.value!r}, expected 'module:Class' or 'module:NAME' of an Entry")
    try:
        if not _is_assigned(module, attribute):
            return point.value
        found = getattr(importlib.import_module(module), attribute)
    except BenchmarkError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's code
        raise _wrong(point, f"cannot be read: {type(error).__name__}: {error}") from None
    if not isinstance(found, Entry):
        raise _wrong(point, f"is a {type(found).__name__}, expected an embedders.base.Entry or a class")
    return found


def _is_assigned(module: str, name: str) -> bool:
    """Whether the module's file assigns to that name at its top level, as it does with an `Entry`, not with a class."""
    tree = ast.parse(registry.module_file(module).read_bytes())
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _wrong(point: Installed, what: str) -> BenchmarkError:
    return BenchmarkError(
        f"entry point {point.name!r} of package {point.distribution!r} {what}. Mend that package, or uninstall it."
    )
