"""Whether an embedder's declarations (`embedders.base.Declared`) are of the right kind."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from embedders.base import Declared


def wrong_declarations(declared: Declared) -> list[str]:
    """What is wrong with the declarations, one text each: a flag that is not True or False, an amount that is none."""
    found = []
    for field in dataclasses.fields(declared):
        value, is_flag = getattr(declared, field.name), isinstance(field.default, bool)
        if is_flag and not isinstance(value, bool):
            found.append(f"{field.name} is {value!r}, expected True or False")
        if not is_flag and not _is_amount(value):
            found.append(f"{field.name} is {value!r}, expected a finite number, 0 or more")
    return found


def _is_amount(value: Any) -> bool:
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return real and bool(0 <= value < math.inf)
