"""Reading the tables that the package carries: tab-separated UTF-8 files in `catalog/data`, read on first use."""

from __future__ import annotations

__all__ = ["lines", "rows"]


def rows(table: str) -> list[list[str]]:
    """Read `data/<table>.tsv`: one list of texts a line; lines beginning with ``#`` are comments."""
    return [line.split("\t") for line in lines(table)]


def lines(table: str) -> list[str]:
    """Read `data/<table>.tsv` line by line, without the comments."""
    from importlib.resources import files  # pulls in pathlib and tempfile: not for those who read no table

    text = (files("kiwoom.catalog") / "data" / f"{table}.tsv").read_text("utf-8")
    return [line for line in text.split("\n") if line and not line.startswith("#")]
