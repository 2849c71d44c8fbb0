"""Runs: every attempt at a journey by the rule, computed from events and stored for all reports to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from journeys import account_events, filters, known, matching, resolution
from journeys.definitions import Definition, DefinitionError, Step, parsed
from journeys.questions import question
from store.event_errors import EventStoreError
from store.events import EventStore
from store.journeys import JourneyVersion
from store.stamps import by_clock
from store.words import ngettext, tell

CUSTOMERS_AT_ONCE = 10_000  # whose runs are computed anew together
# So many touchpoints without a pause are taken for one history; then it is cut.
LONGEST = 10_000
# So many touchpoints apart begin the stretches in which it is folded, and reach so far into the next one.
STRETCH = 1_000
OVERLAP = 500

NO_WINDOW = 2**62
PAST = 2**42  # milliseconds from before all times to 1970; with those since then they take 44 bits

WITHOUT_RUNS = "union all select journey, customer, [] as run, 0 as is_cut from ({})"
# What one touchpoint does to a run, beside reaching the step of that number. One more than `starts` breaks
# the run before, too. It is the last byte of a touchpoint's number; above it are the steps that may follow.
MOVES = {"stays": 101, "fails": 102, "expires": 103, "breaks": 104, "starts": 201}
ALL_STEPS = (1 << 30) - 1 << 8


class Cut(NamedTuple):
    """How many customers (or accounts) had more than LONGEST touchpoints without a pause, and how many runs
    ended there."""

    version_id: int
    customers: int
    runs: int
    of_accounts: bool = False

    @property
    def says(self) -> str:
        """The same in words."""
        n = self.customers
        who = (
            ngettext("%(num)s account", "%(num)s accounts", n, num=f"{n:,}")
            if self.of_accounts
            else ngettext("%(num)s customer", "%(num)s customers", n, num=f"{n:,}")
        )
        why = (
            tell("more than a run is followed through")
            if self.of_accounts
            else tell("and so many are no person's")
        )
        were_cut = ngettext(
            "%(num)s run was cut there, as dropped",
            "%(num)s runs were cut there, as dropped",
            self.runs,
            num=f"{self.runs:,}",
        )
        return tell(
            "%(who)s had more than %(most)s touchpoints without a pause, %(why)s: %(runs)s",
            **{"who": who, "most": f"{LONGEST:,}", "why": why, "runs": were_cut},
        )


class Computed(NamedTuple):
    """SQL of the rows of runs to store, one a customer, and of accounts' members as (customer, account)."""

    runs: str
    members: str = ""


def computed(
    definition: Definition,
    params: filters.Params,
    whose: str,
    *,
    resolved: str = resolution.VIEW,
    emptied: str = "",
) -> str:
    """SQL that computes runs from events: rows of (customer, runs).

    `whose` says which customers, `resolved` is the SQL of events with their customer, `emptied` that of the
    customers, as (journey, customer), who have a row also where they have no run. Where the runs are those
    of accounts, an account is the customer.
    """
    if definition.of_accounts:
        resolved = account_events.acting(resolved)
    return together([definition], params, whose, resolved=resolved, emptied=emptied)


def together(
    definitions: Sequence[Definition],
    params: filters.Params,
    whose: str,
    *,
    resolved: str = resolution.VIEW,
    concerned: str = "1",
    emptied: str = "",
    in_stretches: bool = False,
) -> str:
    """The same of several journeys: rows of (journey, customer, runs), where journeys count from 1.

    In stretches, which are the same runs, long histories cost less, and the planning of the question more.
    """
    params.values |= MOVES | {
        "era": PAST,
        "idles": [one.idle_timeout for one in definitions],
        "windows": [one.window or NO_WINDOW for one in definitions],
        "cut_after": LONGEST,
        "stretch": STRETCH,
        "overlap": OVERLAP,
        "goals": [len(one.steps) for one in definitions],
        "openers": [_bits(one, one.openers) for one in definitions],
        "opens": [_opens(one) for one in definitions],
        "moves": [_moves(one) for one in definitions],
        "keeps": [ALL_STEPS if one.order == "any" else 0 for one in definitions],
        "all_steps": ALL_STEPS,
        "is_strict": [int(one.order == "strict") for one in definitions],
        "within_bits": [[1 << k for k, step in enumerate(one.steps) if step.within] for one in definitions],
        "within_ms": [[step.within for step in one.steps if step.within] for one in definitions],
    }
    relevant = filters.relevant(definitions, params)
    traits = sorted({trait for one in definitions for trait in known.traits_in(one)})
    known_too = known.knowing(resolved, traits, params, relevant=relevant, whose=whose)
    return question(
        "runs.compute",
        relevant=relevant,
        whose=whose,
        resolved=known_too,
        concerned=concerned,
        folded=_in_stretches() if in_stretches else question("runs.whole", fold=_fold("{}")),
        emptied=WITHOUT_RUNS.format(emptied) if emptied else "",
        **matching.bind(definitions, params),
    )


def stored() -> str:
    """SQL of the stored runs of the bound `journey_version`, one row a run."""
    whose = "project = {project:UInt32} and journey_version = {journey_version:UInt32}"
    return question("runs.apart", held="journey_runs final", whose=whose)


def apart(computed: str) -> str:
    """SQL of computed runs, one row a run."""
    return question("runs.apart", held=f"({computed})", whose="1")


def then(definition: Definition, params: filters.Params) -> str:
    """SQL of the runs as the ledger stood at `as_of`, which `params` bind: one row a run.

    Most are stored, as nothing happened to their customers since; those of the others are computed.
    """
    changed = resolution.changed()
    whose = f"identity in ({resolution.members()}) and customer in ({changed})"
    anew = computed(definition, params, whose, resolved=resolution.resolved_then())
    return question("runs.then", stored=stored(), changed=changed, computed=apart(anew))


def recompute(
    events: EventStore,
    version: JourneyVersion,
    customers: Sequence[int],
    identities: Sequence[int],
    *,
    stamp: int | None = None,
) -> None:
    """Store the runs of these customers anew; who has no run any more gets an empty row.

    `identities` are all identities whose events may belong to them; `stamp` was taken before they were read.
    """
    recompute_all(events, [(version, customers)], identities, stamp=stamp)


def recompute_all(
    events: EventStore,
    concerned: Sequence[tuple[JourneyVersion, Sequence[int]]],
    identities: Sequence[int],
    *,
    stamp: int | None = None,
) -> None:
    """The same for several versions of one project at once, each with the customers whom it concerns."""
    places = {one: n for n, one in enumerate(sorted({one for _, some in concerned for one in some}), 1)}
    params = filters.Params(
        project=concerned[0][0].project_id,
        customers=list(places),
        identities=list(identities),
        whom=[[places[one] for one in some] for _, some in concerned],
    )
    whose = "identity in {identities:Array(UInt64)} and customer in {customers:Array(UInt64)}"
    definitions = [parsed(version.definition) for version, _ in concerned]
    touched = question("runs.touched")
    is_everybody = all(len(some) == len(places) for some in params.values["whom"])
    these = "1" if is_everybody else f"(journey, customer) in ({touched})"
    anew = together(definitions, params, whose, concerned=these, emptied=touched)
    versions = [version for version, _ in concerned]
    store(events, versions, params, Computed(anew), by_clock() if stamp is None else stamp)


def works(events: EventStore, version: JourneyVersion) -> bool:
    """Whether the version can be computed at all: where its definition is at fault, not even of nobody."""
    try:
        recompute(events, version, [], [])
    except (EventStoreError, DefinitionError):
        return False
    return True


def outdated(events: EventStore) -> list[int]:
    """The ids of versions whose stored runs an older program made, which kept less of each run."""
    return [row["journey_version"] for row in events.query(question("runs.outdated"))]


def cut(events: EventStore, version_id: int = 0) -> list[Cut]:
    """What was cut of each version's runs, or of this one's; versions of which nothing was are left out."""
    rows = events.query(question("runs.cut"), {"journey_version": version_id})
    return [
        Cut(*(row[name] for name in ("journey_version", "customers", "runs", "of_accounts"))) for row in rows
    ]


def store(
    events: EventStore,
    versions: Sequence[JourneyVersion],
    params: filters.Params,
    found: Computed,
    stamp: int,
) -> None:
    """Store what was computed for these versions; `stamp` was taken before what it rests on was read."""
    params.values |= {"journey_versions": [one.id for one in versions], "version": stamp}
    sql = (
        question("runs.store_accounts", runs=found.runs, members=found.members)
        if found.members
        else question("runs.store", runs=found.runs)
    )
    events.command(sql, params.values)


def _in_stretches() -> str:
    of_stretch = _fold("arraySlice({}, begin, {{stretch:UInt32}} + {{overlap:UInt32}})")
    return question("runs.stretches", of_stretch=of_stretch, of_whole=_fold("if(is_joined, [], {})"))


def _fold(part: str) -> str:
    """SQL of the fold over a part of the touchpoints."""
    return question("runs.fold", **{name: part.format(name) for name in ("times", "marks", "opens")})


def _opens(definition: Definition) -> list[int]:
    """For each step the number of a touchpoint that opens a run with it; 0 where it cannot."""
    steps = range(1, len(definition.steps) + 1)
    if definition.order == "any":
        every = _bits(definition, definition.steps)
        return [MOVES["starts"] + (every - (1 << k - 1) << 8) for k in steps]
    return [MOVES["starts"] + (_after(definition, 1) << 8), *(0 for _ in steps[1:])]


def _moves(definition: Definition) -> list[int]:
    """For each step the number of a touchpoint that reaches it, or in any order what the last one gains.

    That takes the step's bit from those that are missing: the engine's numbers wrap around.
    """
    steps = range(1, len(definition.steps) + 1)
    if definition.order == "any":
        return [(k - (1 << k - 1 << 8)) % 2**64 for k in steps]
    return [k + (_after(definition, k) << 8) for k in steps]


def _after(definition: Definition, position: int) -> int:
    """The bits of the steps that may come after this one: up to the next that is required."""
    bits = 0
    for k in range(position, len(definition.steps)):
        bits |= 1 << k
        if not definition.steps[k].optional:
            break
    return bits


def _bits(definition: Definition, steps: Sequence[Step]) -> int:
    return sum(1 << k for k, step in enumerate(definition.steps) if step in steps)
