"""Why is this zero? For each step: what matches it at all, by whom, in order, and in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from journeys import filters, known
from journeys.cursors import ListError, written
from journeys.definitions import Definition, Matcher, Step
from journeys.filters import Params
from journeys.lists import of_step
from journeys.questions import question
from journeys.report import Answer, Report, Table, Which
from journeys.scope import Scope
from store.words import tell

SIMILAR, NAMES = 3, 2_000
IN_PERIOD = "timestamp < fromUnixTimestamp64Milli({end:Int64})"
OF_CUSTOMERS = ("raw_matches", "robots", "customers", "in_order", "in_time")
WITHOUT_CONDITIONS, SIMILAR_NAME = "without_conditions", "similar"  # of touchpoints that do not match, too
MEANINGS = {
    "raw_matches": (
        "Touchpoints that match the step, of people and at any time from the beginning of the period on, "
        "whatever came before; for the first step, those of the period. A segment is of runs, so touchpoints "
        "and customers are those of everyone."
    ),
    "robots": "Touchpoints that match the step but came from robots, which no run counts.",
    "customers": "Customers of whom at least one touchpoint matches.",
    "in_order": (
        "Customers of whom one matches after one of the step before; optional steps may be left out. "
        "For the first step, and every step where any order will do, also those who are in the journey's "
        "population."
    ),
    "in_time": (
        "Of those, customers in whom it also came within the step's limit after the latest touchpoint of the "
        "step before, without a pause longer than the idle timeout."
    ),
    "progressed": (
        "Runs of the period, and of the segment, that reached the step or a later one; in any order, those "
        "that took the step."
    ),
    "of_customers": (
        "The cells of these numbers for the list of customers, `zero/customers`. Beside each stands how many "
        "of its touchpoints match, or are counted; they add up to `raw_matches`, `robots`, "
        "`without_conditions` or the number of `similar` ones. Behind these two are customers also where the "
        "runs are those of accounts."
    ),
    "name": "The name of the step, or of an event that was seen.",
    "without_conditions": (
        "Touchpoints that would match if the step's conditions were left out, also those of customers "
        "without an account."
    ),
    "similar": "Events that were seen under names like the one that was not.",
    "why": "In words, what stands between the touchpoints and the runs; empty where nothing does.",
}


class Cell(NamedTuple):
    """A number of a step of which customers are the list; of a similar name, the `event` that has it."""

    number: str
    step: str
    event: str = ""


def zero(scope: Scope, *, whose: str = "1") -> Answer:
    """For each step, how many touchpoints and customers are left by each demand of the rule.

    `whose` is an SQL condition on customers, where only a sample of them is looked at.
    """
    histories, values = histories_of(scope, whose)
    matches = scope.events.query(question("zero.matches", histories=histories), values)
    rows = {row["step"]: row for row in matches}
    runs = {row["step"]: row["n"] for row in scope.events.query(*scope.ask("zero.progressed"))}
    looser = _without_conditions(scope)
    return {
        "steps": [
            _explained(scope, k, rows.get(k, {}), looser, runs.get(k, 0))
            for k in range(1, len(scope.rule.steps) + 1)
        ]
    }


def histories_of(scope: Scope, whose: str = "1") -> tuple[str, dict[str, Any]]:
    """SQL of what each history has of each step, and what it binds."""
    return scope.ask("zero.histories", slots=lambda params: _slots(scope, params, whose))


def customers_of(scope: Scope, which: str, *, n: str, step: int) -> tuple[str, dict[str, Any]]:
    """SQL of customers of one step, whose histories are as `which` says, each with so many touchpoints as `n`
    says, and what it binds."""
    histories, bound = histories_of(scope)
    return question("zero.customers", histories=histories, which=which, n=n), {**bound, "step": step}


def _slots(scope: Scope, params: Params, whose: str) -> dict[str, str]:
    definition = scope.rule
    params.values |= {
        "before": [_before(definition, k) for k in range(len(definition.steps))],
        "opens": [int(step in definition.openers) for step in definition.steps],
        "first_bit": 0 if definition.order == "any" else 1,
        "within": [step.within or 0 for step in definition.steps],
    }
    case = definition.case_key
    relevant = filters.relevant([definition], params)
    return {
        "mask": filters.mask(definition, params),
        "relevant": relevant,
        "resolved": known.knowing(
            scope.resolved, known.traits_in(definition), params, relevant=relevant, whose=whose
        ),
        "population": filters.all_of(definition.population, params),
        "case_value": filters.text_of("properties", case, params) if case else "''",
        "whose": whose,
    }


def _before(definition: Definition, k: int) -> int:
    """The bits of the steps after which the one at index k may come: back to a required one, or all."""
    bits, steps = 0, definition.steps
    if definition.order == "any":
        return sum(1 << index for index in range(len(steps)) if index != k)
    for index in range(k - 1, -1, -1):
        bits |= 1 << index
        if not steps[index].optional:
            break
    return bits


def _explained(
    scope: Scope, k: int, row: Mapping[str, Any], looser: Mapping[str, Any], progressed: int
) -> dict[str, Any]:
    step = scope.rule.steps[k - 1]
    counts = {name: row.get(name, 0) for name in OF_CUSTOMERS}
    found = {
        "step": step.key,
        "name": step.name,
        **counts,
        "of_customers": {name: written(Cell(name, step.key)) for name in (*OF_CUSTOMERS, WITHOUT_CONDITIONS)},
        "progressed": {"n": progressed, "cell": step.key},
        "without_conditions": looser["matches"][k - 1],
        "similar": _similar(step, looser["seen"]),
    }
    return {**found, "why": why(scope, found)}


def why(scope: Scope, found: Mapping[str, Any]) -> str:
    """What stands between touchpoints and runs, where no run got here, said to who reads it now."""
    rule, k = scope.rule, scope.rule.position(found["step"])
    step = rule.steps[k - 1]
    if found["progressed"]["n"]:
        return ""
    if not found["raw_matches"]:
        if found["robots"]:
            return tell(
                "All %(n)s touchpoints that match came from robots, which no run counts.", n=found["robots"]
            )
        if found["without_conditions"] and rule.of_accounts:
            return tell(
                "%(n)s touchpoints of this name were seen, but none that meets the step's conditions is that "
                "of a member of an account.",
                n=found["without_conditions"],
            )
        if found["without_conditions"]:
            return tell(
                "%(n)s touchpoints of this name were seen, but none meets the step's conditions.",
                n=found["without_conditions"],
            )
        return _unseen(found["similar"], in_period=k == 1 and rule.order != "any")
    if not found["in_order"]:
        if step in rule.openers:
            return tell(
                "%(n)s customers match, but none of them is in the journey's population.",
                n=found["customers"],
            )
        return tell("%(n)s customers match, but in none of them after the step before.", n=found["customers"])
    if not found["in_time"]:
        return tell(
            "%(n)s customers match after the step before, but all of them too late.", n=found["in_order"]
        )
    return tell(
        "Customers match in order and in time, but no run of the period brought one here: %(reasons)s.",
        reasons=tell(", or ").join(_reasons(scope, step)),
    )


def _unseen(similar: Sequence[Mapping[str, Any]], *, in_period: bool) -> str:
    like = tell(" or ").join(f"“{one['event']}” ({one['n']})" for one in similar)
    if like and in_period:
        return tell("No touchpoint of this name was seen in the period; did you mean %(names)s?", names=like)
    if like:
        return tell("No touchpoint of this name was seen; did you mean %(names)s?", names=like)
    if in_period:
        return tell("No touchpoint of this name was seen in the period.")
    return tell("No touchpoint of this name was seen.")


def _reasons(scope: Scope, step: Step) -> Iterator[str]:
    """Why customers match, and no run came."""
    yield tell("it began before the period")
    yield tell("ended before (it failed, or met its window)")
    if scope.rule.order == "sequential":
        yield tell("earlier steps came in another order")
    if scope.rule.order == "strict":
        yield tell("a touchpoint that was not the next step broke it")
    if step.within:
        yield tell("its limit counts from when the run first reached the step before, not from a repetition")
    if scope.segment:
        yield tell("it is outside of the segment")


def _without_conditions(scope: Scope) -> dict[str, Any]:
    """How many touchpoints have the names, pages and types of each step, whatever the conditions say."""

    def slots(params: Params) -> dict[str, str]:
        counts = (f"countIf({loosely(scope.rule, k, params)})" for k in range(1, len(scope.rule.steps) + 1))
        return {"counts": ", ".join(counts)}

    row = scope.events.query(*scope.ask("zero.names", slots=slots, most=NAMES))[0]
    return {"matches": row["counts"], "seen": dict(row["names"])}


def loosely(rule: Definition, k: int, params: Params) -> str:
    """SQL that is 1 for touchpoints of the names, pages and types of a step, whatever its conditions say."""
    bare = [Matcher(one.event, one.page, one.type) for one in rule.steps[k - 1].match]
    named = f"({filters.any_of(bare, params)})"
    return named if k > 1 or rule.order == "any" else f"{named} and {IN_PERIOD}"


def _similar(step: Step, seen: Mapping[str, int]) -> list[dict[str, Any]]:
    """Names that were seen, where that of the step was not: the same but for case and signs, or nearly so."""
    folded = {name.casefold(): name for name in seen}
    wanted = [one.event for one in step.match if one.event is not None and one.event not in seen]
    near = [get_close_matches(name.casefold(), folded, n=SIMILAR, cutoff=0.7) for name in wanted]
    names = list(dict.fromkeys(folded[one] for some in near for one in some))[:SIMILAR]
    return [
        {
            "event": name,
            "n": seen[name],
            "of_customers": {"n": written(Cell(SIMILAR_NAME, step.key, name))},
        }
        for name in names
    ]


def behind(scope: Scope, cell: str) -> Which:
    """The runs that reached the step of this key; raises ListError."""
    if cell not in scope.rule:
        raise ListError(tell("%(cell)s is no cell of this report; take one from its answer", cell=repr(cell)))
    k = scope.rule.position(cell)
    if scope.rule.order == "any":
        return Which("has(walked, {k:UInt8})", {"k": k}, of_step(scope.rule, k, tell("taken")))
    return Which("furthest >= {k:UInt8}", {"k": k}, of_step(scope.rule, k, tell("reached, in order")))


def table(answer: Answer) -> Table:
    """A row a step."""
    names = OF_CUSTOMERS
    rows = (
        (*(one[name] for name in ("step", *names)), one["progressed"]["n"], one["why"])
        for one in answer["steps"]
    )
    return ("step", *names, "progressed", "why"), rows


ZERO = Report(
    name="zero",
    title="Why zero?",
    says="For each step, what matches it at all, by whom, in order and in time, and how many runs reach it.",
    answer=zero,
    table=table,
    meanings=MEANINGS,
    behind=behind,
    notes=(
        "Its last column counts runs alone: the others are of touchpoints and customers already, of whom "
        "many have no run.",
    ),
)
