"""Runs of everybody: a version's runs are computed in parts and stored, as when its definition is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from journeys import account_events, filters, resolution
from journeys.at_once import at_once
from journeys.definitions import Definition, parse
from journeys.questions import question
from journeys.runs import Computed, store, together
from journeys.shares import EVERYONE, Share, bounds, shares
from store.event_errors import EventStoreError
from store.events import EventStore
from store.journeys import JourneyVersion
from store.stamps import Stamp, by_clock

EVENTS_PER_CHUNK = 2_000_000


def fill(
    events: EventStore,
    version: JourneyVersion,
    *,
    progress: Callable[[int, int], None],
    otherwise: Callable[[list[int]], None] | None = None,
    stamp: Stamp = by_clock,
) -> None:
    """Store the runs of every customer anew, in parts; `progress(done, total)` is told after each.

    What was begun and broke off goes on behind the parts that `version` says are done.
    """
    total = version.chunks_total if version.chunks_done else parts(events, [version])
    for part in range(version.chunks_done, total):
        fill_part(events, [version], part, total, otherwise=otherwise, stamp=stamp)
        progress(part + 1, total)


def parts(events: EventStore, versions: Sequence[JourneyVersion]) -> int:
    """In how many parts these versions of one project are filled together."""
    params = filters.Params(project=versions[0].project_id)
    each = [f"({filters.relevant([parse(one.definition)], params)})" for one in versions]
    sql = question("filling.relevant", relevant=" or ".join(each), n=" + ".join(each))
    return 1 + int(events.query(sql, params.values)[0]["n"]) // EVENTS_PER_CHUNK


def fill_part(
    events: EventStore,
    versions: Sequence[JourneyVersion],
    part: int,
    total: int,
    *,
    otherwise: Callable[[list[int]], None] | None = None,
    stamp: Stamp = by_clock,
) -> None:
    """Store the runs of a share of the customers anew, at these versions of one project; two halves at once.

    One whose runs are those of accounts is alone. Who has stored runs and should have none any more loses
    them. A `stamp` is taken first. The customers that cannot be computed are handed to `otherwise`, where it
    is given; then there is one version.
    """
    begun = stamp()
    definitions = [parse(one.definition) for one in versions]
    # While one half is planned or written, the other is computed.
    halves = [(2 * part, 2 * total), (2 * part + 1, 2 * total)] if total > 1 else [(0, 1)]
    try:
        at_once(partial(_fill_share, events, versions, definitions, *half, begun) for half in halves)
    except EventStoreError:
        if otherwise is None:
            raise
        params, share = _share(versions, definitions[0], part, total)
        otherwise(_customers(events, definitions[0], params, share))


def _fill_share(
    events: EventStore,
    versions: Sequence[JourneyVersion],
    definitions: Sequence[Definition],
    number: int,
    total: int,
    stamp: int,
) -> None:
    params, share = _share(versions, definitions[0], number, total)
    store(events, versions, params, _of_share(definitions, params, share), stamp)


def _share(
    versions: Sequence[JourneyVersion], definition: Definition, number: int, total: int
) -> tuple[filters.Params, Share]:
    """A share of the customers, or accounts, with what it binds."""
    params = filters.Params(
        project=versions[0].project_id,
        **bounds(number, total),
        first=account_events.FIRST,
        journey_versions=[one.id for one in versions],
    )
    return params, shares(definition) if total > 1 else EVERYONE


def _of_share(definitions: Sequence[Definition], params: filters.Params, share: Share) -> Computed:
    resolved, members = resolution.resolved_now(), ""
    if definitions[0].of_accounts:
        members = account_events.members_of(resolved, share.members)
        resolved = account_events.acting(resolved, share.members)
        emptied = question("filling.stale_accounts", whose=share.rows)
    else:
        emptied = question("filling.stale", whose=share.rows)
    runs = together(definitions, params, share.events, resolved=resolved, emptied=emptied, in_stretches=True)
    return Computed(runs, members)


def _customers(events: EventStore, definition: Definition, params: filters.Params, share: Share) -> list[int]:
    """Who, or which accounts, may have runs of the journey, or have some stored."""
    everyone = resolution.resolved_now()
    sql = question(
        "filling.customers",
        resolved=account_events.acting(everyone, share.members) if definition.of_accounts else everyone,
        relevant=filters.relevant([definition], params),
        stored=question("filling.stale", whose=share.rows),
        whose=share.events,
    )
    return [row["customer"] for row in events.query(sql, params.values)]
