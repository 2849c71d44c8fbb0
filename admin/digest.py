"""The weekly digest: how each journey of a project went last week, as a letter and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import Engine

from admin.formats import count, interval, percent, undecided
from admin.locales import day, words_of
from journeys.answers import Answers
from journeys.at_once import at_once
from journeys.change_report import CHANGE
from journeys.change_words import told as told_change
from journeys.definitions import parsed
from journeys.overview import kept_heads
from journeys.period import parse_period
from journeys.scope import open_scope
from journeys.stakes import worst_step
from store.events import EventStore
from store.journeys import ANSWERING, UNFILLED, JourneyVersion, live_journeys
from store.projects import Project
from store.words import tell

HOUR = 8  # of the project's Monday
WEEK = timedelta(days=7)
IN_SUBJECT = 3


@dataclass(frozen=True)
class Told:
    """What a digest says of one journey. `answer` is the head of its funnel, None while it is counted."""

    name: str
    address: str
    why: str
    answer: Mapping[str, Any] | None
    worst: Mapping[str, Any] | None
    change: str


@dataclass(frozen=True)
class Digest:
    """A week of a project, from `first` through `last`, both Monday and Sunday included."""

    project: Project
    first: date
    last: date
    journeys: Sequence[Told]
    address: str

    @property
    def week(self) -> str:
        """The Monday on which it is sent."""
        return (self.last + timedelta(days=1)).isoformat()

    @property
    def days(self) -> str:
        """The week in words."""
        first, last = self.first, self.last
        return tell("%(first)s to %(last)s", first=day(first, "EEEE d MMMM"), last=day(last, "EEEE d MMMM y"))


@dataclass(frozen=True)
class Letter:
    """A digest as it is mailed."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


def sent_at(monday: date, zone: ZoneInfo) -> int:
    """When the digest of a Monday is sent (ms)."""
    return int(datetime.combine(monday, time(HOUR), zone).timestamp() * 1000)


def monday_of(zone: ZoneInfo, *, now: int) -> date:
    """The Monday of this week in the time zone."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    return today - timedelta(days=today.weekday())


def next_monday(zone: ZoneInfo, *, now: int) -> date:
    """The Monday whose digest is the next to be sent."""
    monday = monday_of(zone, now=now)
    return monday if now < sent_at(monday, zone) else monday + WEEK


def compose(
    engine: Engine,
    events: EventStore,
    project: Project,
    monday: date,
    *,
    address: str,
    now: int,
    answers: Answers | None = None,
) -> Digest:
    """The digest of the week before a Monday. `address` is where the pages are, `answers` keeps its parts."""
    first, last = monday - WEEK, monday - timedelta(days=1)
    frame = {"from": first.isoformat(), "through": last.isoformat()}
    period = parse_period(frame["from"], monday.isoformat(), project.zone, now=now)
    versions = live_journeys(engine, project.id)
    counted = kept_heads(events, answers, project, versions, period, now=now)
    pages = f"{address}/p/{quote(project.key)}"

    def told(version: JourneyVersion) -> Told:
        key, name = version.definition["key"], _line(parsed(version.definition).name)
        page = f"{pages}/journeys/{quote(key)}"
        address, why = (f"{page}/{tab}?{urlencode(frame)}" for tab in ("funnel", "change"))
        if version.status in UNFILLED and version.status not in ANSWERING:
            return Told(name, address, why, None, None, "")
        start, end = frame["from"], monday.isoformat()
        scope = open_scope(engine, events, project, key, start=start, end=end, now=now, answers=answers)
        answer, changed = counted[version.id], CHANGE.ask(scope, CHANGE.arguments({}))
        return Told(name, address, why, answer, worst_step(answer), told_change(changed, scope.definition))

    return Digest(project, first, last, at_once(partial(told, one) for one in versions), f"{pages}/journeys")


def letter(digest: Digest, *, stop: str) -> Letter:
    """The letter to one reader, who stops it at the address `stop`, by hand or by the mail program."""
    rates = [
        f"{one.name} {_rate(one.answer['success_rate'])}"
        for one in digest.journeys
        if one.answer and one.answer["entered"]
    ]
    said = ", ".join(rates[:IN_SUBJECT]) + (" …" if len(rates) > IN_SUBJECT else "") or tell("no run began")
    return Letter(
        subject=tell(
            "%(project)s, week of %(day)s: %(rates)s",
            project=_line(digest.project.name),
            day=day(digest.first, "d MMMM"),
            rates=said,
        ),
        text=_pages().get_template("digest/letter.txt").render(digest=digest, stop=stop),
        html=_pages().get_template("digest/letter.html").render(digest=digest, stop=stop),
        headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def stop_address(address: str, secret: str, user_id: int, project_id: int) -> str:
    """The address by which a reader stops the digest of a project without signing in."""
    return f"{address}/digest/stop/{_signer(secret).dumps([user_id, project_id])}"


def read_stop(secret: str, token: str) -> tuple[int, int] | None:
    """The reader and the project of such an address; None where it was not made here."""
    try:
        user_id, project_id = _signer(secret).loads(token)
    except BadSignature:
        return None
    return int(user_id), int(project_id)


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="waywiser weekly digest")


def _rate(rate: Mapping[str, Any]) -> str:
    """A rate for a subject, where there is no room for its interval."""
    value = percent(rate["value"])
    return tell("%(rate)s so far", rate=value) if undecided(rate) else value


def _line(text: str) -> str:
    """A name on one line, as subjects need it."""
    return " ".join(text.split())


def _pages() -> Environment:
    """Templates for a process that serves no pages."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words_of(made)
    made.filters |= {"count": count, "interval": interval, "percent": percent}
    made.tests["undecided"] = undecided
    return made
