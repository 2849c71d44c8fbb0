"""Operators' answers about identities: what each would change, giving it, and taking it back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from admin.formats import count
from admin.locales import counted as ngettext
from admin.services import Services
from store.identity import Ledger
from store.identity.previews import Parted
from store.projects import Project
from store.words import marked, tell

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
        marked("Merge these two?"),
        marked("Merge"),
        marked("The two identities are merged."),
    ),
    "keep-apart": Act(
        lambda ledger, project, one, **who: ledger.keep_apart(project, one.a, one.b, **who),
        _parted,
        "take-back",
        marked("Keep these two apart?"),
        marked("Keep apart"),
        marked("The two identities are kept apart."),
    ),
    "unmerge": Act(
        lambda ledger, project, one, **who: ledger.unmerge(project, one.a, one.b, **who),
        _parted,
        "take-back",
        marked("Take this link back?"),
        marked("Un-merge"),
        marked("The two identities are parted."),
    ),
    "block": Act(
        lambda ledger, project, one, **who: ledger.block(project, one.a, **who),
        lambda ledger, project, one: ledger.preview_block(project, one.a),
        "unblock",
        marked("Always block this value?"),
        marked("Block"),
        marked("The value is blocked."),
    ),
    "unblock": Act(
        lambda ledger, project, one, **who: ledger.unblock(project, one.a, **who),
        lambda ledger, project, one: ledger.preview_block(project, one.a, blocked=False),
        "block",
        marked("Let this value join again?"),
        marked("Unblock"),
        marked("The value may join again."),
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
    return tell(act.done) if act else tell("The answer is taken back: all is as it was before.")


def undo_of(answer: Answer) -> dict[str, Any] | None:
    """The answer that undoes this one; a take-back is undone by answering again."""
    act = ACTS.get(answer.do)
    return {"do": act.undo, "a": str(answer.a), "b": str(answer.b)} if act else None


def told(found: Parted | None, answer: Answer) -> str:
    """What an answer would change, in sentences."""
    if found is None or (found.customers == found.customers_before and answer.do != "merge"):
        return _unchanged(answer)
    ids = ngettext("%(num)s identity", "%(num)s identities", found.identities)
    events = ngettext("%(num)s event", "%(num)s events", found.events)
    verb = ngettext("has", "have", found.identities)
    before = ngettext("%(num)s customer", "%(num)s customers", found.customers_before)
    after = ngettext("%(num)s customer", "%(num)s customers", found.customers)
    if found.customers > found.customers_before:
        was = "" if found.customers_before == 1 else tell(", where there are %(before)s now", before=before)
        return tell(
            "This separates %(ids)s with %(events)s into %(after)s%(was)s.",
            ids=ids,
            events=events,
            after=after,
            was=was,
        )
    if found.customers < found.customers_before:
        into = tell("one") if found.customers == 1 else count(found.customers)
        return tell(
            "This joins %(before)s into %(into)s: %(ids)s with %(events)s.",
            before=before,
            into=into,
            ids=ids,
            events=events,
        )
    return tell(
        "The %(ids)s %(verb)s %(events)s. There are %(after)s before and after, but some ids change hands.",
        ids=ids,
        verb=verb,
        events=events,
        after=after,
    )


def _unchanged(answer: Answer) -> str:
    return {
        "keep-apart": tell(
            "No customer changes now: they are apart. They stay so whenever they are seen together "
            "again, and leave this list."
        ),
        "unmerge": tell("No customer changes: other links hold them together. This one counts no more."),
        "block": tell("No customer changes now. The value joins nothing any more, whatever it is seen with."),
        "unblock": tell("No customer changes now. The value may join again by the rules."),
        "merge": tell("Nothing would change: one of the two is blocked, or they are merged already."),
    }[answer.do]
