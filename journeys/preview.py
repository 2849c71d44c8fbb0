"""Shows what a definition would find before it is saved: its funnel on a sample, and why a step is empty."""

from __future__ import annotations

from typing import Any

from journeys import filters
from journeys.accounts import names_of
from journeys.definitions import Definition, DefinitionError
from journeys.example_runs import timelines
from journeys.funnel import funnel
from journeys.lists import newest
from journeys.period import Period
from journeys.questions import question
from journeys.report import Which
from journeys.scope import Scope, drafted
from journeys.versions_beside import beside
from journeys.zero import zero
from store.event_errors import EventStoreError
from store.events import EventStore
from store.projects import Project
from store.words import tell

EXAMPLES = 3  # of each kind


def preview(
    events: EventStore,
    project: Project,
    definition: Definition,
    *,
    period: Period,
    now: int,
    unit: str = "runs",
    most_customers: int = 20_000,
    before: Definition | None = None,
) -> dict[str, Any]:
    """The funnel of a definition that is not saved, over about `most_customers` customers.

    `sampled` is the share of customers that were looked at; `zero` says for each step how many of their
    touchpoints match it at all, in order and in time; `examples` are the newest runs that reached the goal
    and the newest that were lost, as lists of runs tell them and with their `timeline`, and `accounts` what
    the accounts of these are called. `beside` are the numbers of the definition and those of the one `before`
    it, where there is one. Raises DefinitionError for a pattern that cannot be used.
    """
    check_patterns(events, definition)
    params = filters.Params(project=project.id)
    sql = question("preview.customers", relevant=filters.relevant([definition], params))
    customers = events.query(sql, params.values)[0]["n"]
    chunks = max(1, customers // most_customers)
    whose = "cityHash64(customer) % {chunks:UInt32} = 0"

    def over(one: Definition) -> Scope:
        return drafted(events, project, one, period, whose=whose, now=now, chunks=chunks)

    scope = over(definition)
    found = funnel(scope, unit=unit)
    succeeded, lost = (
        timelines(scope, newest(scope, Which(sql, {}, ""), most=EXAMPLES)) if found["entered"] else []
        for sql in ("outcome = 'succeeded'", "outcome in ('dropped', 'failed')")
    )
    keys = sorted({run["account"] for run in [*succeeded, *lost]} - {""})
    return {
        "funnel": found,
        "sampled": 1 / chunks,
        "zero": zero(scope, whose=whose)["steps"],
        "accounts": names_of(events, project.id, keys),
        "examples": {"succeeded": succeeded, "lost": lost},
        **({"beside": beside(found, funnel(over(before), unit=unit))} if before else {}),
    }


def check_patterns(events: EventStore, definition: Definition) -> None:
    """Raises DefinitionError for a regular expression that the event store cannot use."""
    matchers = [(f"step {step.key}", m) for step in definition.steps for m in step.match]
    matchers += [("fail_on", m) for m in definition.fail_on]
    conditions = [(place, one) for place, m in matchers for one in m.where]
    conditions += [("population", one) for one in definition.population]
    for place, one in conditions:
        if one.op == "matches" and not fits(events, str(one.value)):
            cure = tell(
                "the pattern cannot be used here: look-ahead, look-behind and back references are unknown"
            )
            raise DefinitionError({place: cure})


def fits(events: EventStore, pattern: str) -> bool:
    """Whether the event store can use a regular expression."""
    try:
        events.query("select match('', {pattern:String}) as fits", {"pattern": pattern})
    except EventStoreError:
        return False
    return True
