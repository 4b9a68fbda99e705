"""Tables of annotations that stand in or beside a corpus: rows by column, and ratings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from tfds_builders.common.errors import SourceError


def read_rows(
    builder: str, table: str, text: str, columns: Sequence[str], delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a table with a header, blanks around names and values cut off.

    Args:
      builder: name of the corpus, for messages.
      table: file name, for messages.
      text: the whole table.
      columns: those wanted; others are not read. A value that a short row lacks is "".
      delimiter: between values.

    Yields:
      The line in the file at which a row ends, and its values by column.

    Raises:
      SourceError: a column is missing, or the text is no table.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        if missing := [column for column in columns if column not in names]:
            raise SourceError(
                f"{builder}: {table}: found the columns {names}, expected also {missing}. Get {table} again."
            )
        reader.fieldnames = names
        for row in reader:
            yield reader.line_num, {column: (row[column] or "").strip() for column in columns}
    except csv.Error as error:
        raise SourceError(
            f"{builder}: {table} after line {reader.line_num}: found {error}; expected a table. Get {table} again."
        ) from error


def read_ratings(
    builder: str, table: str, text: str, key: str, columns: Sequence[str], scale: tuple[float, float]
) -> dict[str, tuple[float, ...]]:
    """Mean ratings by the text in the column `key`: the numbers of `columns`, each within `scale`.

    Raises:
      SourceError: as `read_rows`, or a key that is empty or comes twice, or a value that is no number of the scale.
    """
    ratings: dict[str, tuple[float, ...]] = {}
    low, high = scale
    for line, row in read_rows(builder, table, text, (key, *columns)):
        values = [_number(row[column]) for column in columns]
        if not row[key] or row[key] in ratings or not all(low <= value <= high for value in values):
            found = ", ".join(f"{name} {value!r}" for name, value in row.items())
            raise SourceError(
                f"{builder}: {table} line {line}: found {found}; expected each {key} once, with numbers from {low:g} "
                f"to {high:g}. Get {table} again."
            )
        ratings[row[key]] = tuple(values)
    return ratings


def _number(text: str) -> float:
    """The number, NaN (on no scale) where the text is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
