"""Refused events: which are asked for, what the page shows of them, and what a replay came to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from flask import Flask
from sqlalchemy import Engine, RowMapping

from admin.formats import count
from admin.reasons import said_of
from journeys.period import iso
from store.drops import Chosen, ReplayReport, all_drops, drops_by_code, recent_drops

DAY = 86_400_000
ON_A_PAGE = 50
FILE_BYTES = 32 * 1024 * 1024  # the answer is held in memory
FILTERS = ("code", "place", "days")
PERIODS = {"1": "the last 24 hours", "7": "the last 7 days", "30": "the last 30 days"}
PLACES = {
    "door": "at the door",
    "pipeline": "on the way",
    "worker": "at the event store",
    "import": "from a file",
}


@dataclass(frozen=True)
class Asked:
    """Which refused events are asked for: by whose filters, and below which number the page begins."""

    chosen: Chosen
    filters: Mapping[str, str]
    below: int | None


def read_asked(args: Mapping[str, str], *, now: int) -> Asked:
    """Read which refused events are meant; what cannot be read does not narrow the choice."""
    days = args.get("days", "")
    chosen = Chosen(
        code=args.get("code") or None,
        place=args.get("place") or None,
        since=now - int(days) * DAY if days in PERIODS else None,
        ids=(_number(args["id"]),) if args.get("id") else None,
        above=_number(args.get("above", "")),
    )
    return Asked(
        chosen=chosen,
        filters={name: args[name] for name in FILTERS if args.get(name)},
        below=_number(args["below"]) if args.get("below") else None,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def page_of(engine: Engine, project_id: int, asked: Asked) -> dict[str, Any]:
    """What the page of refused events shows: some of them, and how many there are of each reason."""
    chosen = replace(asked.chosen, above=0)
    rows = recent_drops(engine, project_id, chosen, below=asked.below, limit=ON_A_PAGE + 1)
    return {
        "drops": [{**row, "original": pretty(row["original"])} for row in rows[:ON_A_PAGE]],
        "older": rows[ON_A_PAGE - 1]["id"] if len(rows) > ON_A_PAGE else None,
        "codes": drops_by_code(engine, project_id, replace(chosen, code=None)),
        "asked": asked,
        "places": PLACES,
        "periods": PERIODS,
    }


def register(app: Flask) -> None:
    """Give templates the plain words for a reason."""
    app.jinja_env.filters["said_of"] = said_of


def as_json(row: RowMapping) -> dict[str, Any]:
    """A refused event as the API and the download give it."""
    return {
        "id": row["id"],
        "at": iso(row["received_at"]),
        **{name: row[name] for name in ("place", "code", "field", "message")},
        "original": json.loads(row["original"]),
    }


def as_lines(engine: Engine, project_id: int, chosen: Chosen) -> Iterator[bytes]:
    """Refused events as JSON lines; where they fill a file, its last line says where the next one begins."""
    size = 0
    for row in all_drops(engine, project_id, chosen):
        if size > FILE_BYTES:
            yield msgspec.json.encode({"next": chosen.above}) + b"\n"
            return
        line = msgspec.json.encode(as_json(row)) + b"\n"
        size += len(line)
        chosen = replace(chosen, above=row["id"])
        yield line


def pretty(original: bytes) -> str:
    """What was kept of an event, to be read by a person."""
    try:
        return json.dumps(msgspec.json.decode(original), indent=2, ensure_ascii=False)
    except msgspec.DecodeError:
        return original.decode("utf-8", "replace")


def told(report: ReplayReport, *, dry_run: bool) -> str:
    """What a replay came to, in sentences."""
    parts = [_passed(report.replayed, dry_run)] if report.replayed or not report.still_refused else []
    if report.still_refused:
        why = "; ".join(f"{count(one.n)} × {_short(one.message)}" for one in report.reasons[:3])
        more = " and others" if len(report.reasons) > 3 else ""
        would = "would still be" if dry_run else "is still" if report.still_refused == 1 else "are still"
        parts.append(f"{count(report.still_refused)} {would} refused: {why}{more}.")
    if report.left:
        parts.append(f"{count(report.left)} more were not looked at yet.")
    return " ".join(parts)


def _passed(n: int, dry_run: bool) -> str:
    if not n:
        return "There was nothing to run again."
    events = "1 event" if n == 1 else f"{count(n)} events"
    if dry_run:
        return f"{events} would come through now."
    return f"{events} came through. The worker counts them within seconds; what is known already counts once."


def _short(message: str) -> str:
    """The last line of a message, which says it where a whole traceback is kept."""
    lines = message.strip().splitlines() or [""]
    return lines[-1][:160].rstrip(".")
