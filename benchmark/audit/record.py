"""What an audit found in a dataset's clips, as a file in git; nothing in it depends on a task."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from benchmark import paths
from benchmark.cell import Record
from benchmark.errors import BenchmarkError, DatasetError
from benchmark.files import code_sha256, fingerprint, write_json
from benchmark.manifest import Manifest
from benchmark.progress import bar

SCHEMA_VERSION = 1
PACKAGE = Path(__file__).parent
METHOD = ("landmarks.py", "pairs.py", "record.py", "scan.py")  # what decides the findings
WAY_OUT = "Remove the file and run 'moodbench audit', or restore it from git."


class Near(Record):
    """Two clips with the same audio at another level, rate, codec or place; `b` begins `offset` seconds into `a`."""

    a: str
    b: str
    offset: float
    likeness: float  # correlation of their samples, rounded: it decides nothing further


class Findings(Record):
    """The audit of one dataset: groups of clips with the same samples, near pairs, clips by fault."""

    schema_version: int = SCHEMA_VERSION
    dataset: str
    variant: str
    fingerprint: str  # of the clips and of the audit's own code
    clips: int
    seconds: float
    exact: list[list[str]]
    near: list[Near]
    faults: dict[str, list[str]]

    def pairs(self) -> list[tuple[str, str]]:
        """Pairs that join all clips that are one recording: each copy with the first, so no more pairs than clips."""
        exact = [(group[0], copy) for group in self.exact for copy in group[1:]]
        return sorted({(min(p), max(p)) for p in [*exact, *((n.a, n.b) for n in self.near)]})


def wanted_fingerprint(listed: Manifest) -> str:
    """Of what decides the findings."""
    code = code_sha256([PACKAGE / name for name in METHOD], PACKAGE)
    return fingerprint([listed.clips_fingerprint, code])


def examine(listed: Manifest, prepared: Path, *, workers: int) -> Findings:
    """Audit every clip of a dataset; cost grows with the clips, not with their pairs."""
    from benchmark.audit import scan

    ids = [str(clip["id"]) for clip in listed.clips]
    copies: dict[str, list[str]] = {}
    faults: dict[str, list[str]] = defaultdict(list)
    heard, seconds = scan.Heard(len(ids)), 0.0
    with bar(f"audit {listed.dataset}", len(ids), "clips") as advance:
        for clip, look in scan.looks(prepared, ids, workers=workers, advance=advance):
            if look.sha256 in copies:
                copies[look.sha256].append(clip)  # the first of them stands for all in the search
            else:
                heard.add(clip, look)
                if look.sha256:
                    copies[look.sha256] = [clip]
            for fault in look.faults:
                faults[fault].append(clip)
            seconds += look.seconds
    near = [
        Near(a=a, b=b, offset=round(offset, 3), likeness=round(likeness, 3))
        for a, b, offset, likeness in scan.confirmed(prepared, heard.suspects(), workers=workers)
    ]
    return Findings(
        dataset=listed.dataset,
        variant=listed.variant,
        fingerprint=wanted_fingerprint(listed),
        clips=len(ids),
        seconds=round(seconds, 3),
        exact=sorted(sorted(group) for group in copies.values() if len(group) > 1),
        near=sorted(near, key=lambda each: (each.a, each.b)),
        faults={name: sorted(clips) for name, clips in sorted(faults.items())},
    )


def read(dataset: str) -> Findings | None:
    """The stored findings, or None where there are none.

    Raises:
        DatasetError: truncated, edited by hand, or of an older schema.
        BenchmarkError: made by a newer moodbench, so nothing here may replace it.
    """
    file = paths.audit(dataset)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        content, schema = found.pop("content_sha256"), found["schema_version"]
        stated = f"{file.name} has schema version {schema}, this moodbench reads {SCHEMA_VERSION}"
        if isinstance(schema, int) and schema > SCHEMA_VERSION:
            raise BenchmarkError(f"{stated}: it was made by a newer moodbench. Update (git pull).")
        if schema != SCHEMA_VERSION:
            raise DatasetError(f"{stated}: it was made by an older moodbench. {WAY_OUT}")
        if content != fingerprint(found):
            raise DatasetError(f"{file.name} was edited: its content does not match its own sha256. {WAY_OUT}")
        return Findings.model_validate(found)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:  # pydantic's is a ValueError
        raise DatasetError(f"{file.name} is no audit ({type(error).__name__}). {WAY_OUT}") from None


def write(findings: Findings) -> bool:
    """Store findings; False, and the file untouched, when nothing changed."""
    body = findings.model_dump()
    return write_json(paths.audit(findings.dataset), {"content_sha256": fingerprint(body), **body})
