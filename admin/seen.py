"""What two people change at once: what is kept was made of what one has seen, or it is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from marshmallow import Schema, fields

from journeys.definitions import DefinitionError
from store.rules import ProjectRules
from store.words import marked, tell

CHANGED = marked(
    "Somebody else has changed these rules since you opened them. Nothing of yours is kept yet: "
    "look at theirs in another tab, then save again to put yours in their place."
)

REPLACES = marked(
    "Somebody else, or you in another tab, has changed this since you opened it. Nothing of yours is kept "
    "yet: look at what stands now in another tab, then save again to put yours in its place."
)


class RulesChanged(Exception):
    """The rules are not those any more that the person has seen; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(tell(CHANGED))


TO_ITS_TOP = {"HX-Reswap": "outerHTML show:top"}  # of a form, where what stands in its way is said


class DefinitionChanged(Exception):
    """A journey or segment is not that any more which the person has seen; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(tell(REPLACES))


class Versioned(Schema):
    """What is to be replaced."""

    version = fields.String(
        load_default="",
        metadata={"description": "`version` of what you read: anything else is not replaced (409)"},
    )


def version_of(shown: Mapping[str, Any]) -> str:
    """A mark of rules as they are shown: equal for equal rules."""
    return hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:32]


def opened_with(form: Mapping[str, str], present: Mapping[str, Any], conflict: str) -> dict[str, str]:
    """How a form of rules opens: with the version that its person has seen, which is the present one at first
    and after a conflict, of which they are told."""
    version = version_of(present)
    return {"conflict": conflict, "seen": version if conflict else form.get("seen", version)}


def unless_changed(
    alter: Callable[[ProjectRules], ProjectRules],
    shown: Callable[[ProjectRules], Mapping[str, Any]],
    seen: str,
) -> Callable[[ProjectRules], ProjectRules]:
    """The same change, which raises RulesChanged where the rules are not those of the version `seen`.

    Where nothing was seen, whatever stands is changed.
    """

    def careful(rules: ProjectRules) -> ProjectRules:
        if seen and seen != version_of(shown(rules)):
            raise RulesChanged
        return alter(rules)

    return careful


Check = Callable[[Mapping[str, Any] | None], None]  # of the definition that stands, if any


def only_over(wanted: Mapping[str, Any], seen: str) -> Check:
    """A check of the definition that stands, which raises DefinitionChanged where it is not the one `seen`.

    One that is what is wanted already is no other's change: it was sent twice. Where nothing was seen,
    whatever stands is replaced.
    """

    def check(standing: Mapping[str, Any] | None) -> None:
        if seen and standing != wanted and seen != version_of(standing or {}):
            raise DefinitionChanged

    return check


def only_first(error: Exception) -> Check:
    """A check that raises the error where any definition stands."""

    def check(standing: Mapping[str, Any] | None) -> None:
        if standing is not None:
            raise error

    return check


def only_new(wanted: Mapping[str, Any], told: str) -> Check:
    """A check that raises DefinitionError, which says `told` of the key, where another definition has it."""

    def check(standing: Mapping[str, Any] | None) -> None:
        if standing not in (None, wanted):
            raise DefinitionError({"key": told})

    return check


class Parsed(Protocol):
    """What has been read of a definition."""

    @property
    def source(self) -> Mapping[str, Any]: ...


def says(
    data: Mapping[str, Any], kept: Mapping[str, Any], parse: Callable[[Mapping[str, Any]], Parsed]
) -> bool:
    """Whether data mean the definition that is kept."""
    try:
        return parse(data).source == kept
    except DefinitionError:
        return False
