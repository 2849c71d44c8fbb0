"""Sessions: a customer's touchpoints with no idle gap, counted from events and stored for all questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from journeys import filters, known, resolution
from journeys.definitions import Matcher
from journeys.generations import Generation, Limits, counting, kept, make_live, note
from journeys.metrics import ENGAGED_FROM_S
from journeys.period import BEGINNING_OF_TIME, END_OF_TIME
from journeys.questions import question
from journeys.routes import RAW, Routes
from journeys.shares import SHARE, bounds, share_of_events
from store.event_errors import EventStoreError
from store.events import EventStore
from store.stamps import Stamp, by_clock

ENGAGEMENT = "Page Engaged"  # the track event by which a browser reports time and depth; no touchpoint
EVENTS_PER_CHUNK = 4_000_000
EVERYONE = "1"
THESE = "identity in {identities:Array(UInt64)} and customer in {customers:Array(UInt64)}"


def sessions(
    events: EventStore,
    project_id: int,
    *,
    customers: Sequence[int] | None = None,
    identities: Sequence[int] = (),
    between: tuple[int, int] = (BEGINNING_OF_TIME, END_OF_TIME),
    limits: Limits | None = None,
    routes: Routes = RAW,
) -> list[dict[str, Any]]:
    """Sessions of these customers (all of the project where None), by customer and start.

    The stored ones; counted from events where `limits` are given, or the first ones are still being
    counted. `identities` are all identities whose events may belong to the customers. `between` two
    moments: only those that were under way then. Times in milliseconds, `duration` and `engaged_seconds`
    in seconds; `n` touchpoints have `members`, the event ids in hex, among which are engagement reports
    too; entry, exit (by their `routes`), channel and so on are '' where nothing tells.
    """
    params = filters.Params(project=project_id, after=between[0], before=between[1])
    whose = EVERYONE
    if customers is not None:
        whose = THESE
        params.values |= {"customers": list(customers), "identities": list(identities)}
    found = source(events, params, whose=whose, limits=limits)
    ends = {name: routes.route(params, f"found.{name}") for name in ("entry", "exit")}
    return events.query(question("sessions.listed", sessions=found, **ends), params.values)


def how_many(
    events: EventStore,
    project_id: int,
    *,
    customers: Sequence[int],
    identities: Sequence[int],
    is_again: bool = False,
) -> int:
    """How many sessions these customers have, as their pages tell.

    Again: only those that tell of events that are there; stored ones may be of others.
    """
    params = filters.Params(
        project=project_id, customers=list(customers), identities=list(identities), is_again=int(is_again)
    )
    sql = question("sessions.how_many", sessions=source(events, params, whose=THESE))
    return int(events.query(sql, params.values)[0]["n"])


def source(
    events: EventStore,
    params: filters.Params,
    *,
    whose: str = EVERYONE,
    limits: Limits | None = None,
    key_events: Sequence[Matcher] = (),
) -> str:
    """SQL of sessions, one row each: the stored ones, or as `sessions` says.

    `params` bind the project. `whose` may speak of `identity` and `customer`. `key_events` make a session
    engaged where it is counted.
    """
    found = kept(events, params.values["project"])
    if limits is None and found and found[0].state == "live":
        return question(
            "sessions.stored", whose="customer in {customers:Array(UInt64)}" if whose == THESE else whose
        )
    held, keys = (found[-1].limits, found[-1].key_events) if found else (Limits(), key_events)
    return computed(limits or held, keys, params, whose)


def then(events: EventStore, params: filters.Params) -> str:
    """SQL of sessions as the ledger stood at `as_of`, which `params` bind: whose, when and from where."""
    found, resolved = kept(events, params.values["project"]), resolution.resolved_then()
    if not found or found[0].state != "live":
        limits, keys = (found[-1].limits, found[-1].key_events) if found else (Limits(), ())
        return computed(limits, keys, params, EVERYONE, resolved=resolved)
    changed = resolution.changed()
    whose = f"identity in ({resolution.members()}) and customer in ({changed})"
    stored = question("sessions.stored", whose=f"customer not in ({changed})")
    anew = computed(found[0].limits, found[0].key_events, params, whose, resolved=resolved)
    return question("sessions.then", stored=stored, computed=anew)


def computed(
    limits: Limits,
    key_events: Sequence[Matcher],
    params: filters.Params,
    whose: str,
    *,
    resolved: str = resolution.VIEW,
) -> str:
    """SQL that counts sessions from events, one row each.

    `whose` says which customers, `resolved` is the SQL of events with their customer.
    """
    params.values |= {
        "engagement": ENGAGEMENT,
        "engaged_from": ENGAGED_FROM_S,
        "since": list(limits.since),
        "idles": list(limits.idle),
        "caps": list(limits.cap),
        "longest_cap": max(limits.cap),
    }
    relevant = "type in ('track', 'page', 'screen')"
    traits = known.traits_of(key_events)
    told = known.knowing(resolved, traits, params, relevant=relevant, whose=whose)
    key_event = filters.any_of(key_events, params)
    return question("sessions.compute", resolved=told, key_event=key_event, whose=whose)


def recompute(
    events: EventStore,
    generation: Generation,
    customers: Sequence[int],
    identities: Sequence[int],
    *,
    stamp: int | None = None,
) -> None:
    """Store the sessions of these customers anew; who has none any more gets an empty row.

    `identities` are all identities whose events may belong to them; `stamp` was taken before they were read.
    """
    params = filters.Params(
        project=generation.project_id, customers=list(customers), identities=list(identities)
    )
    emptied = question("sessions.touched")
    _store(events, generation, params, THESE, emptied, by_clock() if stamp is None else stamp)


def fill(
    events: EventStore,
    generation: Generation,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    otherwise: Callable[[Generation, list[int]], None] | None = None,
    stamp: Stamp = by_clock,
) -> None:
    """Store the sessions of every customer in chunks, and let them answer when they are complete.

    `progress(done, total)` is told after each chunk. What was begun and broke off goes on behind the last
    finished chunk. How far it is stands in the store alone, as several processes may fill; one whose place a
    later generation has taken is left as it is. The customers of a chunk that cannot be counted are handed to
    `otherwise`, where it is given.
    """
    project = generation.project_id
    while (current := counting(events, project)) and current.number == generation.number:
        begun = stamp()
        done, total = current.chunks_done, current.chunks_total or _chunks(events, project)
        if done >= total:
            return make_live(events, current)
        params = filters.Params(project=project, **bounds(done, total))
        whose, rows = (share_of_events(), SHARE) if total > 1 else (EVERYONE, EVERYONE)
        resolved, stale = resolution.resolved_now(), question("sessions.stale", whose=rows)
        try:
            _store(events, current, params, whose, stale, begun, resolved=resolved)
        except EventStoreError:
            if otherwise is None:
                raise
            members = question("sessions.members", resolved=resolved, whose=whose, stored=stale)
            otherwise(current, [row["customer"] for row in events.query(members, params.values)])
        if counting(events, project) == current:  # else it was begun anew, or another process was faster
            note(events, replace(current, chunks_done=done + 1, chunks_total=total))
            progress(done + 1, total)
    return None


def _store(
    events: EventStore,
    generation: Generation,
    params: filters.Params,
    whose: str,
    emptied: str,
    stamp: int,
    *,
    resolved: str = resolution.VIEW,
) -> None:
    params.values |= {"generation": generation.number, "version": stamp}
    counted = computed(generation.limits, generation.key_events, params, whose, resolved=resolved)
    events.command(question("sessions.store", sessions=counted, emptied=emptied), params.values)


def _chunks(events: EventStore, project_id: int) -> int:
    found = events.query(question("sessions.touchpoints"), {"project": project_id})
    return 1 + int(found[0]["n"]) // EVENTS_PER_CHUNK
