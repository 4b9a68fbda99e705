"""LaTeX: specials are literal, every table is balanced."""

import re

from benchmark.board import Leaderboard
from benchmark.render.latex import escape, latex


def test_escape_every_special():
    assert escape("50% of $x_1 & #2 {a} ^~ \\input") == (
        r"50\% of \$x\_1 \& \#2 \{a\} \textasciicircum{}\textasciitilde{} \textbackslash{}input"
    )
    assert escape('<a|b>"\n') == r"\textless{}a\textbar{}b\textgreater{}\textquotedbl{}"


def test_tables_are_balanced_and_rows_have_equal_cells(rich_board: Leaderboard):
    text = latex(rich_board)
    assert text.count(r"\begin{table*}") == text.count(r"\end{table*}") == 4
    for tabular in re.findall(r"\\begin\{tabular\}\{(lr*)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        columns = len(tabular[0])
        lines = [line for line in tabular[1].splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) + 1 for line in lines} == {columns}
    assert r"\toprule" in text
    assert r"\textbf{88.1} {\footnotesize [83.1, 93.1]}" in text
    assert "<script>" not in text
    assert r"opensmile\_compare & 80.6 & " in text
    assert r"\emph{not run}" in text
    assert "Not our scores. oracle: best head on test" in text
