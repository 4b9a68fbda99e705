"""The GPUs that a process may use, known without loading a framework."""

from __future__ import annotations

import os
import shutil
import subprocess

VISIBLE = "CUDA_VISIBLE_DEVICES"
SECONDS = 30.0


def visible() -> list[str]:
    """What `CUDA_VISIBLE_DEVICES` may name, one a GPU: that variable's own list, else the driver's; empty without."""
    listed = os.environ.get(VISIBLE)
    if listed is not None:
        names = [name.strip() for name in listed.split(",")]
        usable = next((place for place, name in enumerate(names) if name in ("", "-1")), len(names))
        return names[:usable]  # CUDA, too, reads on to the first that it does not know
    asked = shutil.which("nvidia-smi")
    if asked is None:
        return []
    try:
        answer = subprocess.run(
            [asked, "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.split() if answer.returncode == 0 else []
