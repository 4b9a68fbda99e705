"""Tables of annotations: rows by column, ratings on a scale."""

from __future__ import annotations

import pytest

from tfds_builders.common.annotations import read_ratings, read_rows
from tfds_builders.common.errors import SourceError


def rows(text, columns, delimiter=","):
    return list(read_rows("mine", "t.csv", text, columns, delimiter))


def test_rows_by_hand():
    text = 'id , name, extra\n1, "A, B" ,x\n\n2,\tC\t,y\n3\n'
    assert rows(text, ("id", "name")) == [
        (2, {"id": "1", "name": "A, B"}),
        (4, {"id": "2", "name": "C"}),
        (5, {"id": "3", "name": ""}),
    ]


def test_lines_count_breaks_inside_of_quotes():
    assert rows('a,b\n1,"x\ny"\r\n2,z\n', ("b",)) == [(3, {"b": "x\ny"}), (4, {"b": "z"})]


def test_tabs():
    assert rows('"a"\t"b c"\n"1"\t"0"\n', ("b c",), "\t") == [(2, {"b c": "0"})]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"mine: t.csv: found the columns \[\], expected also \['a'\]. Get t.csv again"),
        ("b,c\n1,2\n", r"found the columns \['b', 'c'\], expected also \['a'\]"),
        (
            "a\n" + "x" * 200_000 + "\n",
            "mine: t.csv after line 1: found field larger than field limit.*expected a table",
        ),
    ],
)
def test_no_such_table(text, match):
    with pytest.raises(SourceError, match=match):
        rows(text, ("a",))


def ratings(text):
    return read_ratings("mine", "t.csv", text, "song", ("v", "a"), (1, 9))


def test_ratings_by_hand():
    assert ratings("song, v, v_std, a\n 7, 1,0.3, 9 \n08, 4.25,0, 5e0\n") == {"7": (1.0, 9.0), "08": (4.25, 5.0)}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("7,0.9,5", "line 2: found song '7', v '0.9', a '5'; expected each song once, with numbers from 1 to 9"),
        ("7,5,9.1", "a '9.1'"),
        ("7,nan,5", "v 'nan'"),
        ("7,,5", "v ''"),
        ("7,high,5", "v 'high'"),
        ("7,5", "a ''"),
        (",5,5", "song ''"),
        ("7,5,5\n7,6,6", "line 3: found song '7'"),
    ],
)
def test_bad_ratings(line, found):
    with pytest.raises(SourceError, match=found):
        ratings(f"song,v,a\n{line}\n")
