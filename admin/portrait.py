"""One customer as the page shows it: numbers, traits, runs, visits with their events, identities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from admin.services import Services
from admin.visits import Visit, visits
from journeys import profile, traits
from journeys.accounts import accounts_of
from journeys.at_once import at_once
from journeys.routes import confirmed
from journeys.timeline import Wanted, happenings
from store.journeys import live_journeys
from store.projects import Project
from store.words import Spoken, tell

RULES = Spoken(
    {
        "identify": "identified as this person",
        "both_ids": "an event carried both ids",
        "alias": "an alias was sent",
        "operator": "joined by a member of the team",
    }
)
FIRST_PAST = 5  # runs that are over which a page shows at once
NOTHING: Mapping[str, Any] = {"n": 0, "events": [], "sessions": [], "runs": [], "next": None}


@dataclass(frozen=True)
class Portrait:
    """Everything that the page of a customer shows. `happened` is one page of the timeline.

    `traits` have their history; `then` are their values at the moment that was asked for, None for now.
    """

    facts: Mapping[str, Any]
    happened: Mapping[str, Any]
    visits: Sequence[Visit]
    wanted: Wanted
    runs: Sequence[Mapping[str, Any]]
    traits: Sequence[Mapping[str, Any]]
    then: Mapping[str, Any] | None
    accounts: Sequence[Mapping[str, Any]]
    identities: Sequence[Mapping[str, Any]]
    edges: Sequence[Mapping[str, Any]]

    @property
    def current(self) -> list[Mapping[str, Any]]:
        """The runs that are still in time."""
        return [run for run in self.runs if run["outcome"] == "in_time"]

    @property
    def past(self) -> list[Mapping[str, Any]]:
        """The runs that are over."""
        return _over(self.runs)

    @property
    def at_once(self) -> list[Mapping[str, Any]]:
        """The runs that are over which the page shows at once."""
        return self.past[:FIRST_PAST]

    @property
    def paid_by(self) -> list[str]:
        """The names of the events whose amounts make up the revenue."""
        return sorted({name for one in self.facts["revenue"] for name in one["events"]})

    @property
    def name(self) -> str:
        """What the customer is called: by e-mail address, name or user id, where one of them is known."""
        said = {trait["name"]: trait["value"] for trait in self.traits}
        users = [one["value"] for one in self.identities if one["kind"] == "user"]
        known = [said.get("email"), said.get("name"), *users]
        return next((one for one in known if isinstance(one, str) and one), "")


def of(
    services: Services, project: Project, customer: int, *, wanted: Wanted, at: int | None = None
) -> Portrait | None:
    """The portrait of a customer, or None when nothing is known of this number."""
    stores = services.events, services.ledger, project.id, customer
    nodes, edges = services.ledger.describe(project.id, customer)
    totals = profile.totals(*stores, zone=project.timezone)
    if not totals["n"] and not nodes:
        return None
    versions, now = live_journeys(services.engine, project.id), services.clock()
    routes = confirmed(services.engine, project.id)

    def runs_and_happened() -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]:
        runs = profile.runs(services.events, project.id, customer, versions, now=now)
        known = runs if len(runs) < profile.MOST_RUNS else None
        if not totals["n"]:
            return runs, NOTHING
        asked: dict[str, Any] = {
            "versions": versions,
            "wanted": wanted,
            "now": now,
            "known": known,
            "routes": routes,
        }
        return runs, happenings(*stores, **asked)

    asks: tuple[Callable[[], Any], ...] = (
        runs_and_happened,
        lambda: profile.revenue(*stores),
        lambda: traits.history(*stores),
        lambda: None if at is None else traits.traits(*stores, at=at),
        lambda: accounts_of(*stores),
    )
    (runs, happened), revenue, history, then, accounts = at_once(asks)
    return Portrait(
        facts={**totals, "revenue": revenue},
        happened=happened,
        visits=visits(happened),
        wanted=wanted,
        runs=runs,
        traits=history,
        then=then,
        accounts=accounts,
        identities=[dict(node) for node in nodes] or _carried(services, project, customer),
        edges=_named(edges),
    )


def identities_of(
    services: Services, project: Project, customer: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The ids of a customer, and the links between them with both their ends."""
    nodes, edges = services.ledger.describe(project.id, customer)
    return [dict(node) for node in nodes] or _carried(services, project, customer), _named(edges)


def older(services: Services, project: Project, customer: int, *, wanted: Wanted) -> Mapping[str, Any]:
    """A further page of the timeline, as the template of visits needs it."""
    happened = happenings(
        services.events,
        services.ledger,
        project.id,
        customer,
        versions=live_journeys(services.engine, project.id),
        wanted=wanted,
        now=services.clock(),
        routes=confirmed(services.engine, project.id),
    )
    return {"happened": happened, "visits": visits(happened), "wanted": wanted}


def further_past(services: Services, project: Project, customer: int) -> Sequence[Mapping[str, Any]]:
    """The runs that are over, behind those that the page shows at once."""
    versions, now = live_journeys(services.engine, project.id), services.clock()
    return _over(profile.runs(services.events, project.id, customer, versions, now=now))[FIRST_PAST:]


def _over(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [run for run in runs if run["outcome"] != "in_time"]


def _carried(services: Services, project: Project, customer: int) -> list[dict[str, Any]]:
    """The identity of a customer as its events carry it: all that is known of one who was never joined."""
    return [
        {"kind": one.kind, "value": one.value, "identity": one.hash, "contested": False}
        for one in services.ledger.carried(project.id, [customer])
    ]


def _named(edges: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Edges with both their ends and the reason in words; `is_last` is the newest of its pair."""
    newest = {(edge["a"], edge["b"]): edge["id"] for edge in sorted(edges, key=lambda edge: edge["id"])}
    return [
        {
            **edge,
            "from": {"kind": edge["a_kind"], "value": edge["a_value"]},
            "to": {"kind": edge["b_kind"], "value": edge["b_value"]},
            "why": RULES.get(edge["rule"]) or tell("the %(rule)s of both is the same", rule=edge["rule"]),
            "is_last": newest[edge["a"], edge["b"]] == edge["id"],
        }
        for edge in edges
    ]
