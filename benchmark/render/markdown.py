"""The leaderboard as GitHub Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from benchmark.board import Entry, Leaderboard, Section
from benchmark.render.base import (
    WITHOUT,
    absent,
    comparison,
    dagger,
    elsewhere,
    figure,
    heading,
    models_table,
    plain,
    score_header,
    section_title,
    suite_scores,
)
from benchmark.render.notes import ELSEWHERE, footnotes, oracle_label, published_label

SPECIAL = re.compile(r"([\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore inside a word is plain text


def escape(text: str) -> str:
    """`text` as one line that Markdown shows literally: no cell border, no emphasis, no link, no HTML."""
    line = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", line)


def markdown(leaderboard: Leaderboard) -> str:
    """The whole page: scores, oracle and published figures, what was not run, footnotes."""
    suite = leaderboard.suite
    blocks = [
        f"# {escape(heading(leaderboard))}",
        f"Suite `{suite.name}`, version {suite.version}; protocol {leaderboard.protocol_version}.",
    ]
    for section in leaderboard.sections:
        title = section_title(section, leaderboard)
        blocks += [f"## {escape(title)}"] if title else []
        blocks.append(_scores(section))
        blocks += _comparison(section, leaderboard)
    if leaderboard.clean:
        blocks.append(f"## {escape(WITHOUT)}")
        blocks += [_scores(section) for section in leaderboard.clean]
    blocks += _elsewhere(leaderboard)
    blocks += _absent(leaderboard)
    blocks += _models(leaderboard)
    blocks.append("## How to read this")
    blocks.append("\n".join(f"- {escape(note)}" for note in footnotes(leaderboard)))
    return "\n\n".join(blocks) + "\n"


def _scores(section: Section) -> str:
    lines = [
        [
            escape(row.embedder),
            *(() if section.single else suite_scores(row, section)),
            *(_score(entry) for entry in row.entries),
            row.coverage,
        ]
        for row in section.rows
    ]
    return _table(score_header(section), lines)


def _score(entry: Entry) -> str:
    if entry.primary is None:
        return f"*{entry.state}*"
    score, _, interval = figure(entry.primary).partition(" ")
    return f"{f'**{score}**' if entry.best else score}{dagger(entry)} {interval}"


def _comparison(section: Section, leaderboard: Leaderboard) -> list[str]:
    header, lines = comparison(section)
    if not lines:
        return []
    labels = [oracle_label(leaderboard)] + ([published_label()] if any("published" in h for h in header) else [])
    return [f"**Not our scores.** {escape('; '.join(labels))}.", _table(header, _escaped(lines))]


def _elsewhere(leaderboard: Leaderboard) -> list[str]:
    header, lines = elsewhere(leaderboard)
    return ["## Published elsewhere", escape(ELSEWHERE), _table(header, _escaped(lines))] if lines else []


def _absent(leaderboard: Leaderboard) -> list[str]:
    lines = [
        f"- **{escape(embedders)}** on {escape(columns)}: *{state}*: {escape(reason)} {escape(way_out)}".rstrip()
        for embedders, columns, state, reason, way_out in absent(leaderboard)
    ]
    return ["## Without a score", "\n".join(lines)] if lines else []


def _models(leaderboard: Leaderboard) -> list[str]:
    header, lines = models_table(leaderboard)
    return ["## Models", _table(header, _escaped(lines))] if lines else []


def _escaped(lines: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[escape(text) for text in line] for line in lines]


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    align = ("left", *("right",) * (len(header) - 1))
    return tabulate(lines, [escape(name) for name in header], "pipe", disable_numparse=True, colalign=align)
