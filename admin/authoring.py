"""Checks, previews and saves the journey that the editor holds."""

from __future__ import annotations

from typing import Any, NamedTuple

from admin import asked
from admin.access import Place
from admin.draft import Draft, to_definition
from admin.made_keys import free_key
from admin.seen import only_new, only_over, says
from admin.services import Services
from journeys.definition_schema import RUNS_OF
from journeys.definitions import Definition, DefinitionError, parse, to_yaml, yaml_of
from journeys.period import parse_period
from journeys.preview import check_patterns, preview
from journeys.saving import save_journey
from journeys.version_changes import changes, counts_alike
from store.journeys import JourneyVersion, live_journey, versions_of
from store.words import tell
from store.work import Work

PREVIEW_DAYS = 30


def checked(services: Services, place: Place, draft: Draft, existing: str | None) -> Definition:
    """The definition that the draft means; raises DefinitionError with every problem at its place."""
    definition = parse(_source(services, place, draft))
    if existing is not None and definition.key != existing:
        raise DefinitionError({"key": tell("the key of a saved journey stays as it is")})
    check_patterns(services.events, definition)
    return definition


def _source(services: Services, place: Place, draft: Draft) -> dict[str, Any]:
    """What the draft means; a key that is made of its name is one that no other journey has."""
    source = to_definition(draft)
    if draft["key"]:
        return source

    def is_taken(key: str) -> bool:  # also by a journey that was deleted, whose versions are kept
        kept = versions_of(services.engine, place.project.id, key)
        return bool(kept) and not says({**source, "key": key}, kept[0].definition, parse)

    return {**source, "key": free_key(source["key"], is_taken)}


def drafted(services: Services, draft: Draft) -> Definition:
    """What the draft means, also while names are missing, which no preview needs; raises DefinitionError."""
    source = to_definition(draft)
    steps = [
        {**step, "name": step["name"] or tell("Step %(number)s", number=number)}
        for number, step in enumerate(source["steps"], 1)
    ]
    names = {"key": source["key"] or "draft", "name": source["name"] or "draft"}
    definition = parse({**source, **names, "steps": steps})
    check_patterns(services.events, definition)
    return definition


def as_yaml(services: Services, place: Place, draft: Draft) -> str:
    """The draft as YAML: as it would be saved, or what it says so far."""
    source = _source(services, place, draft)
    try:
        return to_yaml(parse(source))
    except DefinitionError:
        said = {name: one for name, one in source.items() if (name, one) != ("runs_of", RUNS_OF[0])}
        return yaml_of(said | ({} if draft["key"] or draft["name"] else {"key": ""}))


def previewed(
    services: Services, place: Place, definition: Definition, work: Work, key: str | None = None
) -> dict[str, Any]:
    """What the definition would show for the last days, beside the newest version of a saved journey."""
    now = services.clock()
    start, _ = asked.last_days(PREVIEW_DAYS, place.project.zone, now=now)
    period = parse_period(start, None, place.project.zone, now=now)
    before = _newest(services, place, key) if key else None
    if before and counts_alike(before.source, definition.source):
        before = None
    events = services.events.asked_for(work)
    return preview(events, place.project, definition, period=period, now=now, before=before)


def _newest(services: Services, place: Place, key: str) -> Definition | None:
    """What is saved of a journey, where it can still be read."""
    versions = versions_of(services.engine, place.project.id, key)
    try:
        return parse(versions[0].definition) if versions else None
    except DefinitionError:
        return None


class Changed(NamedTuple):
    """What saving would change of the newest version, in sentences, and whether runs stay the same."""

    version: int
    says: list[str]
    counts_alike: bool


def changed(services: Services, place: Place, definition: Definition, key: str | None) -> Changed | None:
    """What the definition changes of the journey's newest version; None for a new journey."""
    versions = versions_of(services.engine, place.project.id, key) if key else []
    if not versions:
        return None
    old, new = versions[0].definition, definition.source
    return Changed(versions[0].version, changes(old, new), counts_alike(old, new))


def changed_by(services: Services, place: Place, draft: Draft, key: str | None) -> Changed | None:
    """The same of a draft; None while it cannot be saved."""
    try:
        return changed(services, place, parse(to_definition(draft)), key)
    except DefinitionError:
        return None


def standing(services: Services, place: Place, key: str | None) -> dict[str, Any]:
    """What the newest version of a journey says; nothing where there is no such journey."""
    if key is None or live_journey(services.engine, place.project.id, key) is None:
        return {}
    return versions_of(services.engine, place.project.id, key)[0].definition


def save(
    services: Services, place: Place, definition: Definition, *, is_new: bool, seen: str
) -> JourneyVersion:
    """Keep the definition as a new version and wake the job that fills it.

    Raises DefinitionError, for a new journey also where another one has its key, and DefinitionChanged where
    the newest version is not the one that was `seen`.
    """
    key = repr(definition.key)
    taken = tell("there is a journey %(definition_key)s already; choose another key", definition_key=key)
    source = definition.source
    version = save_journey(
        *(services.engine, place.project.id, definition),
        by=place.user.email,
        now=services.clock(),
        check=only_new(source, taken) if is_new else only_over(source, seen),
    )
    services.refill()
    return version
