"""Imports historical events: the whole file is checked, then all its good rows enter the inbox at once."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from sqlalchemy import Engine

from collector.envelope import refused
from collector.pipeline import Reason, Tools, run
from collector.pipeline.naming import named_by
from collector.wire import judged
from server.history import NOT_WHOLE, BadRow, Row, UnreadableFile, columns, rows
from store.complaint import Complaint
from store.drops import DropRow
from store.inbox import Envelope, Sealed, put_together, sealed
from store.privacy.suppression import Suppressed

ROWS_AT_ONCE = 500
FRAME = struct.Struct(">QQQ")
FIELDS = ("event", "timestamp", "user_id", "anonymous_id", "message_id", "type", "channel", "group_id")
GUESSES = {
    "event": ("event", "event_name", "activity", "action", "concept:name"),
    "timestamp": ("timestamp", "time", "ts", "event_time", "occurred_at", "time:timestamp"),
    "user_id": ("user_id", "userId", "customer_id", "customer", "case_id", "case:concept:name"),
    "anonymous_id": ("anonymous_id", "anonymousId", "visitor_id"),
    "message_id": ("message_id", "messageId"),
    "type": ("type",),
    "channel": ("channel",),
    "group_id": ("group_id", "groupId"),
}
PARTS = ("properties", "traits", "context")  # of a message; those of JSON lines are carried as they are
NAMES = {"user_id": "userId", "anonymous_id": "anonymousId", "message_id": "messageId", "group_id": "groupId"}


class Bad(NamedTuple):
    """A row that is put aside: its number, what is kept of it, and why."""

    number: int
    original: Any
    why: str
    code: str = "bad_row"


Sieve = Callable[[list[Row]], list[DropRow]]

_drop_in = msgspec.json.Decoder(DropRow).decode


class ImportProblem(Complaint):
    """A file cannot be imported as asked; the message says why."""


@dataclass
class Report:
    """What became of the rows of a file. `problems` holds the first of them with their row number.

    Of the accepted ones so many were `known` before; None where that is not known.
    """

    rows: int = 0
    accepted: int = 0
    skipped: int = 0
    rejected: int = 0
    known: int | None = None
    problems: list[tuple[int, str]] = field(default_factory=list)
    last: int = 0  # the highest number that its envelopes have in the inbox


@dataclass(frozen=True)
class Plan:
    """How rows become events: column of each field, zone of times without one, rows to leave out."""

    columns: Mapping[str, str]
    zone: ZoneInfo
    where: Mapping[str, str]
    side: str = "server"


def plan(path: Path, mapping: Mapping[str, str], *, zone: str, where: Mapping[str, str]) -> Plan:
    """The plan for a file: columns as given, else by their usual names. Raises ImportProblem."""
    if wrong := set(mapping) - set(FIELDS):
        raise ImportProblem(f"{sorted(wrong)[0]!r} is no field; map columns to {', '.join(FIELDS)}")
    try:
        known = set(columns(path))
    except (UnreadableFile, OSError, *NOT_WHOLE) as error:
        raise ImportProblem(f"{path.name} cannot be read: {error}") from None
    if not known:
        raise ImportProblem(f"{path.name} holds nothing; its first line must name the columns")
    for name, column in (*mapping.items(), *((None, column) for column in where)):
        if column not in known:
            purpose = f" for {name}" if name else ""
            raise ImportProblem(
                f"there is no column {column!r}{purpose}; there are {', '.join(sorted(known))}"
            )
    chosen = dict(mapping)
    for name, guesses in GUESSES.items():
        found = next((g for g in guesses if g in known and g not in chosen.values()), None)
        if name not in chosen and found:
            chosen[name] = found
    needs = [n for n in ("event", "timestamp") if n not in chosen]
    if "user_id" not in chosen and "anonymous_id" not in chosen:
        needs.append("user_id")
    if needs:
        there = ", ".join(sorted(known))
        raise ImportProblem(
            f"no column for {' and '.join(needs)}; say --map {needs[0]}=COLUMN (there are {there})"
        )
    try:
        return Plan(chosen, ZoneInfo(zone), where)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportProblem(f"{zone!r} is no time zone; give a name such as Europe/Berlin") from None


def load(
    engine: Engine,
    project_id: int,
    path: Path,
    how: Plan,
    *,
    tools: Tools,
    now: int,
    progress: Callable[[int], None],
) -> Report:
    """Check every row, then put all good ones into the inbox in one transaction, and the bad ones aside.

    Nothing is loaded when the file cannot be read to its end. `progress(rows)` is told as rows are read.
    """
    report = Report()
    suppressed = tools.suppressed(project_id)

    def sieve(messages: list[Row]) -> list[DropRow]:
        return run(_envelope(project_id, now, how, messages), tools).drops

    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as aside:
        try:
            for messages, bad in _judged(path, how, sieve, report):
                drops = (_drop(project_id, now, how, path, _emptied(one, suppressed)) for one in bad)
                aside.writelines(msgspec.json.encode(drop) + b"\n" for drop in drops)
                if messages:
                    _write(spool, sealed(_envelope(project_id, now, how, messages)))
                progress(report.rows)
        except UnreadableFile as error:
            raise ImportProblem(f"{error}; nothing was loaded") from None
        spool.seek(0)
        aside.seek(0)
        report.last = put_together(engine, _read(spool), map(_drop_in, aside))
    return report


def _judged(path: Path, how: Plan, sieve: Sieve, report: Report) -> Iterator[tuple[list[Row], list[Bad]]]:
    seen: Counter[bytes] = Counter()
    waiting: list[tuple[int, Row]] = []
    bad: list[Bad] = []
    for number, row in rows(path):
        report.rows += 1
        if isinstance(row, BadRow):
            bad.append(Bad(number, {}, str(row)))
        elif any(str(row.get(column, "")) != value for column, value in how.where.items()):
            report.skipped += 1
        else:
            waiting.append((number, _message(row, number, how, seen)))
        if len(waiting) + len(bad) >= ROWS_AT_ONCE:
            yield _verdict(waiting, bad, sieve, report)
            waiting, bad = [], []
    yield _verdict(waiting, bad, sieve, report)


def _verdict(
    waiting: list[tuple[int, Row]], bad: list[Bad], sieve: Sieve, report: Report
) -> tuple[list[Row], list[Bad]]:
    verdicts = judged("batch", {"batch": [message for _, message in waiting]}, ROWS_AT_ONCE * 40_000)
    for rejection, original in verdicts.rejected:
        bad.append(Bad(waiting[rejection.index][0], original, rejection.message))
    # What is kept is what the sieve leaves of a row: of a customer who was erased next to nothing.
    dropped = {drop.original["message"]["context"]["sequence"]: drop for drop in sieve(verdicts.accepted)}
    for number, drop in dropped.items():
        code = {"code": drop.code} if drop.code == Reason.ERASED else {}
        bad.append(Bad(number, drop.original["message"], drop.message, **code))
    good = [row for row in verdicts.accepted if row["context"]["sequence"] not in dropped]
    report.accepted += len(good)
    report.rejected += len(bad)
    report.problems += [(one.number, one.why) for one in sorted(bad, key=lambda one: one.number)]
    del report.problems[1000:]
    return good, bad


def _message(row: Row, number: int, how: Plan, seen: Counter[bytes]) -> Row:
    mapped = {name: _plain(row[column]) for name, column in how.columns.items() if column in row}
    used = set(how.columns.values())
    message: Row = {"type": str(mapped.get("type", "track")).lower()}
    message |= {NAMES[name]: mapped[name] for name in NAMES if name in mapped}
    message["event"] = mapped.get("event", "")
    if message["type"] != "track":
        message["name"] = message.pop("event")
    message["timestamp"] = _time(row.get(how.columns["timestamp"], ""), how.zone)
    others = {n: _plain(v) for n, v in row.items() if n not in used and n not in how.where}
    parts = {name: others.pop(name) for name in PARTS if isinstance(others.get(name), dict)}
    message["properties"] = others | parts.pop("properties", {})
    message |= parts
    message["context"] = parts.get("context", {}) | {
        "sequence": number,
        "library": {"name": "waywiser-import"},
    }
    if "channel" in mapped:
        message["context"]["channel"] = str(mapped["channel"])
    if "messageId" not in message:
        message["messageId"] = _name(row, how, seen)
    return message


def _name(row: Row, how: Plan, seen: Counter[bytes]) -> str:
    """A message id that is the same at every import that reads the columns alike: the row's content, and
    which of equal rows it is."""
    content = [sorted(how.columns.items()), sorted((str(n), str(v)) for n, v in row.items())]
    digest = hashlib.blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    seen[digest] += 1
    return f"import-{digest.hex()}-{seen[digest]}"


def _time(value: Any, zone: ZoneInfo) -> Any:
    """An ISO time with a zone; what is no time is left for the verdict to name."""
    if isinstance(value, str) and not value.isdigit():
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value or "(empty)"
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str | int | float | bool | list | dict) else str(value)


def _envelope(project_id: int, now: int, how: Plan, messages: list[Row]) -> Envelope:
    return Envelope(project=project_id, received_at=now, side=how.side, history=True, messages=messages)


def _emptied(bad: Bad, suppressed: Suppressed) -> Bad:
    """A row as it is kept: next to nothing where it names who was erased, whatever is wrong with it."""
    is_erased = suppressed and any(map(suppressed.has, named_by(bad.original)))
    return bad._replace(original={"context": {}}, code=Reason.ERASED) if is_erased else bad


def _drop(project_id: int, now: int, how: Plan, path: Path, bad: Bad) -> DropRow:
    number, reason = f"row {bad.number}", f"{path.name}, row {bad.number}: {bad.why}"
    envelope = _envelope(project_id, now, how, [])
    row = refused(envelope, bad.original, place="import", code=bad.code, field=number, reason=reason)
    if bad.code != Reason.ERASED:
        return row
    return msgspec.structs.replace(row, original={"message": bad.original})  # nothing is left to run again


def _write(spool: IO[bytes], one: Sealed) -> None:
    spool.write(FRAME.pack(one.project, len(one.body), one.events) + one.body)


def _read(spool: IO[bytes]) -> Iterator[Sealed]:
    while head := spool.read(FRAME.size):
        project, size, events = FRAME.unpack(head)
        yield Sealed(project, spool.read(size), events)
