"""What runs had before their goal that success can be owed to: sessions, or touchpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from journeys.account_events import members_of
from journeys.credits import START
from journeys.filters import Params, any_of
from journeys.questions import question
from journeys.scope import Scope, whoever
from journeys.sessions import ENGAGEMENT, source, then

DAY_MS = 86_400_000
LONGEST_WAY = 30  # of a longer one the last so many contacts are looked at as a way
NONE, UNSET, OTHER = "(none)", "(not set)", "(other)"
RESERVED = ["", NONE, UNSET, OTHER]  # what says nothing, also where it was sent as a name
SESSIONS, TOUCHPOINTS = "sessions", "touchpoints"
CONTACTS = (SESSIONS, TOUCHPOINTS)
DIMENSIONS = {
    "channel": "toString(found.channel)",
    "source": "toString(found.source)",
    "medium": "toString(found.medium)",
    "campaign": "toString(found.campaign)",
}
# Which labels have a name of their own: those of most sessions, and the touchpoints of most people.
MOST = {SESSIONS: "count()", TOUCHPOINTS: "uniqExact(customer)"}


@dataclass(frozen=True)
class Model:
    """How attribution is asked: to what credit goes, how far back, and what a success is worth.

    `contacts` are sessions, which are told apart by `dimension`, or touchpoints, which are by their names.
    `lookback` and `half_life` are in days; `value` names a property of the goal's event, of which amounts in
    one `currency` count, the most frequent where none is named; `most` labels get a name of their own.
    """

    dimension: str = "channel"
    lookback: float = 30.0
    half_life: float = 7.0
    value: str = ""
    most: int = 20
    currency: str = ""
    contacts: str = SESSIONS

    @property
    def told_by(self) -> str:
        """What a label is the name of."""
        return self.dimension if self.contacts == SESSIONS else "touchpoint"


BY_CHANNEL = Model()


class Contacts(NamedTuple):
    """SQL of contacts, one row each, and of each customer's in their order; what both bind; labels' names.

    The store knows labels by their place among the names.
    """

    rows: str
    gathered: str
    values: dict[str, Any]
    names: list[str]


def contacts_of(
    scope: Scope, model: Model, values: Mapping[str, Any], *, known: Sequence[str] = ()
) -> Contacts:
    """The contacts of those who make the runs, bound beside `values`; `known` labels have names in any case.

    Those of an account are the contacts of all its members.
    """
    params = Params(
        **values,
        lookback=round(model.lookback * DAY_MS),
        longest=LONGEST_WAY,
        labels_most=model.most,
        reserved=RESERVED,
    )
    found = _sessions(scope, model, params) if model.contacts == SESSIONS else _touchpoints(scope, params)
    most = question("attribution_contacts.labels", contacts=found, most=MOST[model.contacts])
    rows = scope.events.query(most, params.values)
    named = list(dict.fromkeys([*(row["label"] for row in rows), *(set(known) - set(RESERVED))]))
    names = [START, UNSET, OTHER, *named]
    params.values |= {
        "names": [*RESERVED, *named],
        "codes": [names.index(UNSET)] * len(RESERVED) + list(range(len(names) - len(named), len(names))),
        "other": names.index(OTHER),
    }
    coded = question("attribution_contacts.coded", contacts=found)
    return Contacts(coded, question("attribution_contacts.gathered", contacts=coded), params.values, names)


def _sessions(scope: Scope, model: Model, params: Params) -> str:
    sessions = source(scope.events, params) if scope.as_of is None else then(scope.events, params)
    found = question("attribution_contacts.sessions", sessions=sessions, label=DIMENSIONS[model.dimension])
    if not scope.rule.of_accounts:
        return found
    return question("attribution_contacts.shared", contacts=found, members=members_of())


def _touchpoints(scope: Scope, params: Params) -> str:
    """SQL of touchpoints but for those that take the goal: they are the success itself."""
    params.values["engagement"] = ENGAGEMENT
    return question(
        "attribution_contacts.touchpoints",
        resolved=scope.resolved,
        label=scope.routes.label(params),
        goal=any_of(whoever(scope.definition.steps[-1].match), params),
    )
