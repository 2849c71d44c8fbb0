"""Reads files of historical events: CSV, JSON lines and Parquet, plain or gzipped, row by row."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

Row = dict[str, Any]
ROWS_TO_KNOW = 1_000
KINDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


class UnreadableFile(Exception):
    """A file is not one of the kinds that can be read; the message says which are."""


NOT_WHOLE = (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error, csv.Error)


class BadRow(Exception):
    """One row cannot be read; the file goes on after it."""


def kind_of(path: Path) -> str:
    """The kind of a file by its name; raises UnreadableFile."""
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in KINDS:
        raise UnreadableFile(f"{path.name} ends in none of {', '.join(KINDS)} (or one of these and .gz)")
    return suffixes[-1]


def columns(path: Path) -> list[str]:
    """The names of the columns: the header of CSV, or what the first rows have."""
    kind = kind_of(path)
    if kind in (".csv", ".tsv"):
        with _opened(path) as lines:
            return _header(csv.reader(lines, delimiter="\t" if kind == ".tsv" else ","))
    first = (row for _, row in islice(rows(path), ROWS_TO_KNOW) if isinstance(row, dict))
    return list(dict.fromkeys(name for row in first for name in row))


def rows(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    """Each row with its number: the line for text files, the row for Parquet. Raises UnreadableFile."""
    kind = kind_of(path)
    if kind == ".parquet":
        yield from _parquet(path)
        return
    with _opened(path) as lines:
        try:
            yield from _delimited(lines, kind) if kind in (".csv", ".tsv") else _json_lines(lines)
        except NOT_WHOLE as error:
            raise UnreadableFile(f"{path.name} cannot be read to its end: {error}") from None


def _opened(path: Path) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _delimited(lines: IO[str], kind: str) -> Iterator[tuple[int, Row | BadRow]]:
    csv.field_size_limit(16 * 1024 * 1024)
    reader = csv.reader(lines, delimiter="\t" if kind == ".tsv" else ",")
    header = _header(reader)
    if not header:
        raise UnreadableFile("the file is empty; its first line must name the columns")
    for values in reader:
        if not values:
            continue
        if len(values) != len(header):
            yield reader.line_num, BadRow(f"has {len(values)} values for {len(header)} columns")
        else:
            yield reader.line_num, {n: v for n, v in zip(header, values, strict=True) if v != ""}


def _header(reader: Iterator[list[str]]) -> list[str]:
    """The names of the columns; of two that are called alike a row could keep only one value."""
    header = next(reader, [])
    if twice := next((name for name, n in Counter(filter(None, header)).items() if n > 1), None):
        raise UnreadableFile(f"the column {twice!r} is there twice; give each column a name of its own")
    return header


def _json_lines(lines: IO[str]) -> Iterator[tuple[int, Row | BadRow]]:
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            row = msgspec.json.decode(line)
        except msgspec.MsgspecError as error:
            yield number, BadRow(f"is no JSON: {error}")
            continue
        if isinstance(row, dict):
            yield number, {name: value for name, value in row.items() if value is not None}
        else:
            yield number, BadRow("is no JSON object")


def _parquet(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"{path.name} is no Parquet file: {error}") from None
    number = 0
    try:
        for batch in file.iter_batches(batch_size=10_000):
            for row in batch.to_pylist():
                number += 1
                yield number, {name: value for name, value in row.items() if value is not None}
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise UnreadableFile(f"{path.name} cannot be read after row {number}: {error}") from None
