"""`Table`: the rows of a file, typed, without pandas; `to_pandas()` where pandas is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from kiwoom.data.preps import prep
from kiwoom.errors import MissingDependency
from kiwoom.history.rows import Row
from kiwoom.installing import pip_install

if TYPE_CHECKING:
    import pandas

__all__ = ["Cell", "Table"]

Cell = date | datetime | int | float | str | None
"""One value: a date or datetime in the first column, numbers elsewhere, None where the file is blank."""


class Table:
    """
    Rows of one code, oldest first.

    `columns` are the names, the time first; `text` the rows as they stand in the file. Indexing, iterating and
    `column` give typed values.
    """

    def __init__(self, columns: Sequence[str], text: Sequence[Row]) -> None:
        self.columns = tuple(columns)
        # As text: values are made when they are asked for, of the rows that are.
        self.text = list(text)

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, index: int) -> tuple[Cell, ...]:
        row = self.text[index]
        return (_when(row[0]), *map(prep, row[1:]))

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        return (self[index] for index in range(len(self.text)))

    def column(self, name: str) -> list[Cell]:
        """All values of a column. Raises ValueError for a name that is not among `columns`."""
        position = self.columns.index(name)
        if position == 0:
            return [_when(row[0]) for row in self.text]
        return [prep(row[position]) for row in self.text]

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame with the time as its index. Raises MissingDependency without pandas."""
        try:
            import pandas
        except ImportError:
            raise MissingDependency(f"to_pandas needs pandas: {pip_install('pandas')}") from None
        index = pandas.DatetimeIndex([row[0] for row in self.text], name=self.columns[0])
        data = {name: self.column(name) for name in self.columns[1:]}
        return pandas.DataFrame(data, index=index, columns=list(self.columns[1:]))

    def __repr__(self) -> str:
        span = f", {self.text[0][0]} to {self.text[-1][0]}" if self.text else ""
        return f"<Table of {len(self.text)} rows{span}: {', '.join(self.columns)}>"


def _when(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
