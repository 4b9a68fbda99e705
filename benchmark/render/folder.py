"""A leaderboard as a folder of files."""

from __future__ import annotations

from pathlib import Path

from benchmark.board import Leaderboard
from benchmark.files import write_bytes
from benchmark.render.html import html
from benchmark.render.latex import latex
from benchmark.render.markdown import markdown
from benchmark.render.tables import points_csv, scores_csv, summary_json, wide_csv

RENDERERS = {
    "index.html": html,
    "leaderboard.md": markdown,
    "leaderboard.tex": latex,
    "points.csv": points_csv,
    "scores.csv": scores_csv,
    "summary.json": summary_json,
    "wide.csv": wide_csv,
}


def render_all(leaderboard: Leaderboard, folder: Path) -> list[Path]:
    """Write every file of `RENDERERS` into `folder`, each whole or not at all; nothing else is touched.

    All texts are made before the first is written, so that a renderer that raises leaves the old set.
    """
    texts = {name: render(leaderboard) for name, render in RENDERERS.items()}
    for name, text in texts.items():
        write_bytes(folder / name, text.encode())
    return [folder / name for name in texts]
