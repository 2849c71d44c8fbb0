"""Refused events: which are asked for, what the page shows of them, and what a replay came to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Flask
from sqlalchemy import Engine, RowMapping

from admin import asked as days_asked
from admin.drop_words import refusal
from admin.formats import count
from admin.locales import counted as ngettext
from admin.reasons import said_of
from journeys.period import PeriodError, iso, parse_period
from journeys.report import Table
from store.drops import Chosen, ReplayReport, all_drops, drops_by_code, recent_drops
from store.words import Spoken, tell

DAY = 86_400_000
ON_A_PAGE = 50
MOST_SHOWN = 8_000  # characters of an event on the page; the file has all of it
FILE_BYTES = 32 * 1024 * 1024  # the answer is held in memory
FILTERS = ("code", "place", "days")
PERIODS = Spoken({"1": "the last 24 hours", "7": "the last 7 days", "30": "the last 30 days"})
TO = ".."  # parts the first and the last of some days, both included
PLACES = Spoken(
    {
        "door": "at the door",
        "pipeline": "on the way",
        "worker": "at the event store",
        "import": "from a file",
    }
)


@dataclass(frozen=True)
class Asked:
    """Which refused events are asked for: by whose filters, and below which number the page begins."""

    chosen: Chosen
    filters: Mapping[str, str]
    below: int | None

    @property
    def periods(self) -> Mapping[str, str]:
        """The times that can be chosen, also the days that another page has asked for."""
        days = self.filters.get("days", "")
        first, to, last = days.partition(TO)
        return {**PERIODS, days: f"{first} through {last}"} if to and self.chosen.since else PERIODS


def some_days(first: str, last: str) -> str:
    """The `days` that ask for all that arrived from the first day through the last."""
    return f"{first}{TO}{last}"


def read_asked(args: Mapping[str, str], zone: ZoneInfo, *, now: int) -> Asked:
    """Read which refused events are meant; what cannot be read does not narrow the choice."""
    since, before = _times(args.get("days", ""), zone, now=now)
    chosen = Chosen(
        code=args.get("code") or None,
        place=args.get("place") or None,
        since=since,
        before=before,
        ids=(_number(args["id"]),) if args.get("id") else None,
        above=_number(args.get("above", "")),
    )
    return Asked(
        chosen=chosen,
        filters={name: args[name] for name in FILTERS if args.get(name)},
        below=_number(args["below"]) if args.get("below") else None,
    )


def _times(days: str, zone: ZoneInfo, *, now: int) -> tuple[int | None, int | None]:
    if days in PERIODS:
        return now - int(days) * DAY, None
    first, to, last = days.partition(TO)
    if not (first and to and last):
        return None, None
    frame = days_asked.read({"from": first, "through": last}, zone, now=now)
    try:
        period = parse_period(frame.start, frame.end, zone, now=now)
    except PeriodError:
        return None, None
    return period.start, period.end


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def page_of(engine: Engine, project_id: int, asked: Asked) -> dict[str, Any]:
    """What the page of refused events shows: some of them, and how many there are of each reason."""
    chosen = replace(asked.chosen, above=0)
    rows = recent_drops(engine, project_id, chosen, below=asked.below, limit=ON_A_PAGE + 1)
    return {
        "drops": [{**row, **shown(row["original"])} for row in rows[:ON_A_PAGE]],
        "older": rows[ON_A_PAGE - 1]["id"] if len(rows) > ON_A_PAGE else None,
        "codes": drops_by_code(engine, project_id, replace(chosen, code=None)),
        "asked": asked,
        "places": PLACES,
        "periods": asked.periods,
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


def as_table(engine: Engine, project_id: int, chosen: Chosen) -> Table:
    """Refused events as rows, the oldest first: when, why, and as much of each as the page shows."""
    plain, read = ("place", "code", "field", "message"), ("event", "library", "original")
    rows = (
        (row["id"], iso(row["received_at"]), *(row[name] for name in plain), *(told[name] for name in read))
        for row in all_drops(engine, project_id, chosen)
        for told in (shown(row["original"]),)
    )
    return ("id", "at", *plain, *read), rows


def shown(original: bytes) -> dict[str, str]:
    """What was kept of an event, for a person: its name, its library, and as much of it as one reads."""
    try:
        kept = msgspec.json.decode(original)
    except msgspec.DecodeError:
        return {"event": "", "library": "", "original": original.decode("utf-8", "replace")[:MOST_SHOWN]}
    message = _inside(kept, "message")
    kind, library = _words(_inside(message, "type")), _inside(message, "context", "library")
    text = json.dumps(kept, indent=2, ensure_ascii=False)
    if len(text) > MOST_SHOWN:
        more = tell("… and %(n)s more characters; the file has them.", n=count(len(text) - MOST_SHOWN))
        text = f"{text[:MOST_SHOWN]}\n{more}"
    return {
        "event": _words(_inside(message, "event")) or (f"({kind})" if kind else ""),
        "library": " ".join(filter(None, (_words(_inside(library, name)) for name in ("name", "version")))),
        "original": text,
    }


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _words(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def told(report: ReplayReport, *, dry_run: bool) -> str:
    """What a replay came to, in sentences."""
    parts = [_passed(report.replayed, dry_run)] if report.replayed or not report.still_refused else []
    if report.still_refused:
        why = "; ".join(f"{count(one.n)} × {refusal(_short(one.message))}" for one in report.reasons[:3])
        if len(report.reasons) > 3:
            why = tell("%(reasons)s and others", reasons=why)
        parts.append(_still(report.still_refused, why, dry_run))
    if report.left:
        parts.append(tell("%(n)s more were not looked at yet.", n=count(report.left)))
    return " ".join(parts)


def _still(n: int, why: str, dry_run: bool) -> str:
    if dry_run:
        return tell("%(n)s would still be refused: %(why)s.", n=count(n), why=why)
    return ngettext("%(num)s is still refused: %(why)s.", "%(num)s are still refused: %(why)s.", n, why=why)


def _passed(n: int, dry_run: bool) -> str:
    if not n:
        return tell("There was nothing to run again.")
    if dry_run:
        return ngettext("%(num)s event would come through now.", "%(num)s events would come through now.", n)
    came = ngettext("%(num)s event came through.", "%(num)s events came through.", n)
    return f"{came} {tell('The worker counts them within seconds; what is known already counts once.')}"


def _short(message: str) -> str:
    """The last line of a message, which says it where a whole traceback is kept."""
    lines = message.strip().splitlines() or [""]
    return lines[-1][:160].rstrip(".")
