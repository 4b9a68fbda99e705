"""`moodbench new dataset`: a builder's folder that works at once, to be edited into another corpus."""

from __future__ import annotations

import io
import math
import struct
import wave
import zipfile

from benchmark import paths
from benchmark.files import write_bytes
from benchmark.scaffold.folder import publish, refuse_taken

SPEAKERS, TAKES, RATE, SECONDS = 6, 3, 16000, 0.05
LABELS = ("anger", "joy")


def create(name: str) -> list[str]:
    """Write `tfds_builders/<name>/` and `tasks/own_<name>.py`; answers what was written, and the next steps.

    Raises:
        DatasetError: the name is taken or cannot be one.
    """
    refuse_taken(name)
    files = publish(name, "new_dataset", {"name": name})
    archive = paths.BUILDERS / name / "dummy_data" / f"{name}.zip"
    write_bytes(archive, _dummy())
    written = [file.relative_to(paths.ROOT).as_posix() for file in (*files, archive)]
    return [
        *(f"written: {file}" for file in written),
        f"next: python -m pytest tests/tfds_builders/test_battery.py -k {name}",
        "then: put the corpus's facts, names and labels in the place of the example's (docs/add_a_dataset.md)",
    ]


def _dummy() -> bytes:
    """A tiny archive of the example's layout: a tone for each clip, another pitch for each."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for speaker in range(1, SPEAKERS + 1):
            for place, label in enumerate(LABELS):
                for take in range(1, TAKES + 1):
                    pitch = 200 + 40 * speaker + 150 * place + 17 * take
                    name = zipfile.ZipInfo(f"s{speaker}/{label}-{take}.wav")  # without a date: equal bytes every time
                    archive.writestr(name, _tone(pitch))
    return packed.getvalue()


def _tone(pitch: float) -> bytes:
    samples = [round(8000 * math.sin(2 * math.pi * pitch * n / RATE)) for n in range(int(RATE * SECONDS))]
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return content.getvalue()
