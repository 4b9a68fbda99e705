"""The leaderboard as one self-contained HTML page: inline style and script, no request to anywhere.

Every text passes through Jinja's autoescape; a content security policy lets only the page's own
script run, so that even a text that slipped through would stay inert.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmark.board import Entry, Leaderboard, MetricValue, Section
from benchmark.render import base
from benchmark.render.notes import ELSEWHERE, footnotes, oracle_label, published_label

TEMPLATES = Path(__file__).resolve().parent / "templates"


def html(leaderboard: Leaderboard) -> str:
    """The whole page."""
    return _environment().get_template("leaderboard.html.j2").render(board=leaderboard)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = (TEMPLATES / "leaderboard.js").read_text(encoding="utf-8")
    environment.globals.update(
        base=base,
        style=Markup((TEMPLATES / "leaderboard.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        footnotes=footnotes,
        oracle_label=oracle_label,
        published_label=published_label,
        elsewhere_label=ELSEWHERE,
        metrics_of=_metrics_of,
        metric_of=_metric_of,
        notes_of=_notes_of,
    )
    environment.filters.update(plain=base.plain, breakable=_breakable)
    return environment


def _breakable(name: str) -> Markup:
    """A name, escaped, that may be broken after each underscore on a narrow screen."""
    return escape(base.plain(name)).replace("_", Markup("_<wbr>"))


def _metrics_of(section: Section, position: int) -> list[str]:
    """Every metric that some row has on this column, the primary one first."""
    entries = [row.entries[position] for row in section.rows]
    return list(dict.fromkeys(value.metric for entry in entries for value in entry.metrics))


def _metric_of(entry: Entry, metric: str) -> MetricValue | None:
    return next((value for value in entry.metrics if value.metric == metric), None)


def _notes_of(section: Section, position: int) -> list[str]:
    """The cells' notes on one column, each once; the embedders are named when not all have it."""
    scored = [row.entries[position] for row in section.rows if row.entries[position].primary]
    notes = list(dict.fromkeys(note for entry in scored for note in entry.notes))
    having = {note: [entry.embedder for entry in scored if note in entry.notes] for note in notes}
    return [
        base.plain(note if len(having[note]) == len(scored) else f"{note} ({', '.join(having[note])})")
        for note in notes
    ]
