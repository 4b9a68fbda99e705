"""What an audit found in a dataset's clips, as a file in git; nothing in it depends on a task."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path

from pydantic import ValidationError

from benchmark import paths
from benchmark.cell import Record
from benchmark.errors import DatasetError
from benchmark.files import code_sha256, fingerprint, write_json
from benchmark.manifest import Manifest
from benchmark.progress import bar

SCHEMA_VERSION = 1
PACKAGE = Path(__file__).parent


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
        """Every two clips that are one recording."""
        exact = [(group[i], group[j]) for group in self.exact for i in range(len(group)) for j in range(i)]
        return sorted({(min(p), max(p)) for p in [*exact, *((n.a, n.b) for n in self.near)]})


def wanted_fingerprint(listed: Manifest) -> str:
    """Of what decides the findings."""
    code = code_sha256([file for file in PACKAGE.glob("*.py") if file.name in METHOD], PACKAGE)
    return fingerprint([listed.clips_fingerprint, code])


METHOD = ("landmarks.py", "pairs.py", "scan.py")


def examine(listed: Manifest, prepared: Path, *, workers: int) -> Findings:
    """Audit every clip of a dataset; cost grows with the clips, not with their pairs."""
    from benchmark.audit import scan

    ids = [str(clip["id"]) for clip in listed.clips]
    with bar(f"audit {listed.dataset}", len(ids), "clips") as advance:
        found = list(scan.looks(prepared, ids, workers=workers, advance=advance))
    by_samples: dict[str, list[str]] = defaultdict(list)
    faults: dict[str, list[str]] = defaultdict(list)
    for clip, look in found:
        if look.sha256:
            by_samples[look.sha256].append(clip)
        for fault in look.faults:
            faults[fault].append(clip)
    exact = sorted(sorted(group) for group in by_samples.values() if len(group) > 1)
    same = {(a, b) for group in exact for a in group for b in group}
    suspects = [suspect for suspect in scan.suspects(found) if suspect[:2] not in same] if found else []
    near = [
        Near(a=a, b=b, offset=round(offset, 3), likeness=round(likeness, 3))
        for a, b, offset, likeness in scan.confirmed(prepared, suspects, workers=workers)
    ]
    return Findings(
        dataset=listed.dataset,
        variant=listed.variant,
        fingerprint=wanted_fingerprint(listed),
        clips=len(found),
        seconds=round(sum(look.seconds for _, look in found), 3),
        exact=exact,
        near=sorted(near, key=lambda each: (each.a, each.b)),
        faults={name: sorted(clips) for name, clips in sorted(faults.items())},
    )


def read(dataset: str) -> Findings | None:
    """The stored findings, or None where there are none.

    Raises:
        DatasetError: the file is no findings.
    """
    file = paths.audit(dataset)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        content = found.pop("content_sha256")
        if content != _sha256(found):
            raise DatasetError(f"{file.name} was edited: its content does not match its own sha256. {WAY_OUT}")
        return Findings.model_validate(found)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, AttributeError, ValidationError, OSError) as error:
        raise DatasetError(f"{file.name} is no audit ({type(error).__name__}). {WAY_OUT}") from None


def write(findings: Findings) -> bool:
    """Store findings; False, and the file untouched, when nothing changed."""
    body = findings.model_dump()
    return write_json(paths.audit(findings.dataset), {"content_sha256": _sha256(body), **body})


WAY_OUT = "Remove the file and run 'moodbench audit', or restore it from git."


def _sha256(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
