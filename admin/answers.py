"""Operators' answers about identities: what each would change, giving it, and taking it back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from admin.formats import count
from admin.services import Services
from store.identity import Ledger
from store.identity.previews import Parted
from store.projects import Project

log = logging.getLogger("waywiser.audit")


@dataclass(frozen=True)
class Answer:
    """What is to be done with two identities; block and unblock concern `a` alone."""

    do: str
    a: int
    b: int


class Act(NamedTuple):
    """One kind of answer: its ledger functions, the answer that undoes it, and its words."""

    give: Callable[..., set[int]]
    preview: Callable[[Ledger, int, Answer], Parted | None]
    undo: str
    question: str
    label: str
    done: str


def _parted(ledger: Ledger, project: int, answer: Answer) -> Parted | None:
    return ledger.preview_unmerge(project, answer.a, answer.b)


ACTS: Mapping[str, Act] = {
    "merge": Act(
        lambda ledger, project, one, **who: ledger.merge(project, one.a, one.b, **who),
        lambda ledger, project, one: ledger.preview_merge(project, one.a, one.b),
        "take-back",
        "Merge these two?",
        "Merge",
        "The two identities are merged.",
    ),
    "keep-apart": Act(
        lambda ledger, project, one, **who: ledger.keep_apart(project, one.a, one.b, **who),
        _parted,
        "take-back",
        "Keep these two apart?",
        "Keep apart",
        "The two identities are kept apart.",
    ),
    "unmerge": Act(
        lambda ledger, project, one, **who: ledger.unmerge(project, one.a, one.b, **who),
        _parted,
        "take-back",
        "Take this link back?",
        "Un-merge",
        "The two identities are parted.",
    ),
    "block": Act(
        lambda ledger, project, one, **who: ledger.block(project, one.a, **who),
        lambda ledger, project, one: ledger.preview_block(project, one.a),
        "unblock",
        "Always block this value?",
        "Block",
        "The value is blocked.",
    ),
    "unblock": Act(
        lambda ledger, project, one, **who: ledger.unblock(project, one.a, **who),
        lambda ledger, project, one: ledger.preview_block(project, one.a, blocked=False),
        "block",
        "Let this value join again?",
        "Unblock",
        "The value may join again.",
    ),
}
TAKE_BACK = "take-back"


def preview(given: Services, project: int, answer: Answer) -> Parted | None:
    """What an answer would change; None where it makes no difference or is given already."""
    return ACTS[answer.do].preview(given.ledger, project, answer)


def give(given: Services, project: Project, answer: Answer, *, by: str) -> set[int]:
    """Give an answer, or take the last one back; the reports are right when this returns."""
    act = ACTS.get(answer.do)
    who: dict[str, Any] = {"by": by, "now": given.clock()}
    if act is None:
        changed = given.ledger.take_back(project.id, answer.a, answer.b, **who)
    else:
        changed = act.give(given.ledger, project.id, answer, **who)
    if changed:
        given.refresh(project.id, changed)
    log.info(
        "project %s: %s by %s of %d and %d: %d customers changed",
        *(project.key, answer.do, by, answer.a, answer.b, len(changed)),
    )
    return changed


def done(answer: Answer) -> str:
    """What has happened, in a sentence."""
    act = ACTS.get(answer.do)
    return act.done if act else "The answer is taken back: all is as it was before."


def undo_of(answer: Answer) -> dict[str, Any] | None:
    """The answer that undoes this one; a take-back is undone by answering again."""
    act = ACTS.get(answer.do)
    return {"do": act.undo, "a": str(answer.a), "b": str(answer.b)} if act else None


def told(found: Parted | None, answer: Answer) -> str:
    """What an answer would change, in sentences."""
    if found is None or (found.customers == found.customers_before and answer.do != "merge"):
        return _unchanged(answer)
    ids, events = _n(found.identities, "identity", "identities"), _n(found.events, "event", "events")
    verb = "has" if found.identities == 1 else "have"
    before = _n(found.customers_before, "customer", "customers")
    after = _n(found.customers, "customer", "customers")
    if found.customers > found.customers_before:
        was = "" if found.customers_before == 1 else f", where there are {before} now"
        return f"This separates {ids} with {events} into {after}{was}."
    if found.customers < found.customers_before:
        into = "one" if found.customers == 1 else count(found.customers)
        return f"This joins {before} into {into}: {ids} with {events}."
    return f"The {ids} {verb} {events}. There are {after} before and after, but some ids change hands."


def _unchanged(answer: Answer) -> str:
    return {
        "keep-apart": "No customer changes now: they are apart. They stay so whenever they are seen together "
        "again, and leave this list.",
        "unmerge": "No customer changes: other links hold them together. This one counts no more.",
        "block": "No customer changes now. The value joins nothing any more, whatever it is seen with.",
        "unblock": "No customer changes now. The value may join again by the rules.",
        "merge": "Nothing would change: one of the two is blocked, or they are merged already.",
    }[answer.do]


def _n(n: int, one: str, many: str) -> str:
    return f"{count(n)} {one if n == 1 else many}"
