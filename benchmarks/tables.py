"""Prints tables in plain text, and writes numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

console = Console(width=180, highlight=False, no_color=True)


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> None:
    """Print a table; the first column is text, the others are numbers."""
    table = Table(box=box.MARKDOWN, header_style="")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(str, row))
    console.print(f"\n{title}\n")
    console.print(table)
    if note:
        console.print(note)


def say(text: str) -> None:
    """Print a line that says what is going on."""
    console.print(text)


def many(number: float) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,.0f}"


def times(number: float) -> str:
    """A ratio."""
    return f"{number:.2f} ×" if number < 10 else f"{number:.0f} ×"


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1000:,.1f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"


def micro(seconds: float) -> str:
    """Seconds as microseconds."""
    return f"{seconds * 1e6:,.1f} µs" if seconds < 1e-5 else f"{seconds * 1e6:,.0f} µs"


def mib(size: float) -> str:
    """Bytes as MiB."""
    return f"{size / 2**20:,.0f} MiB"
