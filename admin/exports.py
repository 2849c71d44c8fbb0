"""Answers as CSV files, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from flask import Response, stream_with_context
from sqlalchemy import Engine

from admin import questions
from journeys.period import iso
from journeys.report import Table
from journeys.reports import BY_NAME
from journeys.scope import Scope
from journeys.session_numbers import FACTS
from store import audit
from store.event_errors import EventStoreError
from store.identity.refusals import Refused
from store.work import WorkEnded

MOST_LINES = 100_000
PIECE = 128 * 1024  # characters of a file that are held at once
# What may begin a formula in a spreadsheet, in its wide forms too.
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_file(name: str, table: Table) -> Response:
    """A CSV download of a table of (column names, rows).

    Rows are taken while the file is sent, but for the first ones: what goes wrong until then, such as a
    question that takes too long, has a page of its own.
    """
    pieces = _pieces(table)
    first, more = next(pieces), next(pieces, None)
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    return Response(
        first if more is None else stream_with_context(chain((first, more), _to_the_end(pieces))),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{plain}.csv"'},
    )


def _pieces(table: Table) -> Iterator[str]:
    """The text of a table, so much at once."""
    head, rows = table
    text = io.StringIO()
    writer = csv.writer(text)
    for row in chain((head,), rows):
        writer.writerow([_safe(cell) for cell in row])
        if text.tell() >= PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _to_the_end(pieces: Iterator[str]) -> Iterator[str]:
    """What is left of a file. One that breaks off says so, as its beginning is on its way already."""
    try:
        yield from pieces
    except Exception as error:
        why = f": {error}" if isinstance(error, EventStoreError | WorkEnded) else ""
        yield f"\r\nThis file is not complete{why}\r\n"
        raise


def named(key: str, tab: str, scope: Scope) -> str:
    """What the file of a report is called; it says where not all runs are counted yet."""
    return f"{key}-{tab}" if scope.is_complete else f"{key}-{tab}-incomplete"


def of_tab(tab: str, scope: Scope, *, unit: str, args: Mapping[str, str]) -> Table | None:
    """The table of a report or of a list on a journey's page, or None where there is none of this name."""
    if tab == "runs":
        return runs(questions.read_runs(args, scope).all(scope, unit=unit))
    if report := BY_NAME.get(tab):
        return report.table(report.ask(scope, report.arguments(questions.joined(args)), unit=unit))
    return None


def runs(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row a run; `times` says how often it counts in the number that the list is behind.

    In a list of customers `stands_for` says how many runs of its customer the row stands for.
    """
    about = ("customer", "account", "start", "last", "outcome", "furthest", "repeats", "shortcut", "case")
    names = (*about, "channel", "source", "campaign", "device", "country")
    said = ("times", "stands_for")
    return (*names, "steps", *said), (
        (
            *(run[name] for name in names),
            " > ".join(step["key"] for step in run["steps"]),
            *(run[name] for name in said),
        )
        for run in rows
    )


def sessions(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row a session."""
    names = ("customer", "start", "last", *FACTS)
    return names, ([row[name] for name in names] for row in rows)


def intake(answer: Mapping[str, Any], part: str) -> Table:
    """A row a time, a library, or a reason."""
    kinds = tuple(answer["total"])
    if part == "reasons":
        rows = [(what, reason, n) for what, sums in answer["reasons"].items() for reason, n in sums.items()]
        return ("what", "reason", "events"), rows
    first = "at" if part == "times" else "library"
    return (first, *kinds), ([row[name] for name in (first, *kinds)] for row in answer[part])


def minutes(found: Mapping[int, int]) -> Table:
    """A row a minute, by when it began."""
    return ("from", "events"), ((iso(at), n) for at, n in found.items())


def loss(answer: Mapping[str, Any]) -> Table:
    """A row a library, or a library, page host and browser."""
    counts = ("streams", "expected", "received", "refused", "lost")
    rows = (
        (
            *(row.get(name, "") for name in ("library", "host", "browser")),
            *(row[name] for name in counts),
            *(row["share"][name] for name in ("value", "low", "high")),
        )
        for row in (*answer["browsers"], *answer["servers"])
    )
    return ("library", "host", "browser", *counts, "share", "low", "high"), rows


def client_loss(answer: Mapping[str, Any]) -> Table:
    """A row a service and counter: what it counted, and of losses why."""
    counts = ("enqueued", "sent", "retried", "spooled", "recovered", "held_back")
    rows = (
        (row["service"], what, reason, n)
        for row in answer["services"]
        for what, reason, n in (
            *((name, "", row[name]) for name in counts),
            *(("lost", reason, n) for reason, n in row["reasons"].items()),
        )
    )
    return ("service", "counter", "reason", "messages"), rows


def robots(answer: Mapping[str, Any]) -> Table:
    """A row a reason."""
    lists = ("hosts", "paths", "agents")
    plain = ("reason", "n", "visitors", "first_seen", "last_seen")
    rows = (
        (*(one[name] for name in plain), *(" ".join(one[name]) for name in lists))
        for one in answer["reasons"]
    )
    return (*plain, *lists), rows


def identities(ids: Iterable[Mapping[str, Any]], links: Iterable[Mapping[str, Any]]) -> Table:
    """A row an id, then a row a link of two, with why it joins them or does not."""
    rows = [("id", one["kind"], one["value"], "", "", "", "", "", "") for one in ids]
    rows += [
        (
            "link",
            *(one[end][name] for end in ("from", "to") for name in ("kind", "value")),
            one["rule"],
            iso(one["at"]),
            iso(one["retracted_at"]) if one["retracted_at"] else "",
            one.get("refused", ""),
        )
        for one in links
    ]
    return ("what", "kind", "value", "other_kind", "other_value", "rule", "at", "taken_back", "refused"), rows


def accounts(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row an account."""
    names = ("account", "name", "members", "first_told", "last_told")
    return names, ([one[name] for name in names] for one in rows)


def members(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row a member of an account."""
    names = ("customer", "user_id", "email", "since", "n", "last_seen", "last_touchpoint")
    return names, ([one[name] for name in names] for one in rows)


def refused(rows: Iterable[Refused]) -> Table:
    """A row two ids that were to be joined and were not."""
    ends = ("kind", "value", "customer")
    head = (*(f"{side}_{name}" for side in "ab" for name in ends), "rule", "reason", "at", "entered_at")
    return head, (
        (
            *(getattr(end, name) for end in (one.a, one.b) for name in ends),
            *(one.rule, one.reason, iso(one.at), iso(one.entered_at)),
        )
        for one in rows
    )


def seen(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row an event of the catalogue."""
    names = ("type", "event", "n", "status", "violations", "is_new", "first_seen", "last_seen")
    return names, ([row[name] for name in names] for row in rows)


def carried(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row a property or trait of an event."""
    numbers = ("n", "sampled", "share", "distinct_values")
    rows_of = (
        (
            *(row["name"], ",".join(row["types"]), " | ".join(row["examples"])),
            *(row[name] for name in (*numbers, "first_seen", "last_seen")),
        )
        for row in rows
    )
    return ("name", "types", "examples", *numbers, "first_seen", "last_seen"), rows_of


def audit_log(engine: Engine, project: int) -> Table:
    """A row a line of the audit log; of a very long one the newest lines."""
    lines = audit.lines(engine, project, limit=MOST_LINES)
    rows = ([iso(line["at"]), line["by"], line["did"], line["address"]] for line in lines)
    return ("at", "by", "did", "address"), rows


def _safe(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets a quote in front."""
    if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS):
        return f"'{cell}"
    return cell
