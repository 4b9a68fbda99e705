"""The leaderboard as LaTeX tables with booktabs, to `\\input` into a paper."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.board import Entry, Leaderboard, Section
from benchmark.render.base import (
    comparison,
    dagger,
    heading,
    limits,
    number,
    plain,
    score_header,
    section_title,
    suite_scores,
)
from benchmark.render.notes import footnotes, oracle_label, published_label

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "—": "---",
    "†": r"\textdagger{}",
}


def escape(text: str) -> str:
    """`text` as one line that LaTeX prints literally."""
    return "".join(SPECIAL.get(char, char) for char in plain(text))


def latex(leaderboard: Leaderboard) -> str:
    """One `table*` of scores a section, and one of oracle and published figures."""
    lines = ["% needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}"]
    for index, section in enumerate(leaderboard.sections, start=1):
        lines += _scores(section, leaderboard, index)
        lines += _comparison(section, leaderboard, index)
    return "\n".join(lines) + "\n"


def _scores(section: Section, leaderboard: Leaderboard, index: int) -> list[str]:
    body = [
        [
            escape(row.embedder),
            *(escape(text) for text in (() if section.single else suite_scores(row, section))),
            *(_score(entry) for entry in row.entries),
            row.coverage,
        ]
        for row in section.rows
    ]
    title = "; ".join(part for part in (heading(leaderboard), section_title(section, leaderboard)) if part)
    caption = " ".join([f"{title}.", *footnotes(leaderboard)])
    return _table(score_header(section), body, caption, f"tab:{leaderboard.suite.name}-{index}")


def _score(entry: Entry) -> str:
    if entry.primary is None:
        return rf"\emph{{{escape(entry.state)}}}"
    metric, value = entry.primary.metric, entry.primary.value
    score = rf"\textbf{{{number(metric, value)}}}" if entry.best else number(metric, value)
    return rf"{score}{escape(dagger(entry))} {{\footnotesize {escape(limits(metric, entry.primary.interval))}}}"


def _comparison(section: Section, leaderboard: Leaderboard, index: int) -> list[str]:
    header, lines = comparison(section)
    if not lines:
        return []
    body = [[escape(text) for text in line] for line in lines]
    caption = f"Not our scores. {oracle_label(leaderboard)}; {published_label()}."
    return _table(header, body, caption, f"tab:{leaderboard.suite.name}-{index}-oracle")


def _table(header: Sequence[str], body: Sequence[Sequence[str]], caption: str, label: str) -> list[str]:
    return [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"\toprule",
        " & ".join(escape(name) for name in header) + r" \\",
        r"\midrule",
        *(" & ".join(cells) + r" \\" for cells in body),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table*}",
    ]
