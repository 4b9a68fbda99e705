"""The one error of the builders."""

from __future__ import annotations


class SourceError(ValueError):
    """An archive, a member or a clip is not what the builder expects: found, expected, way out."""
