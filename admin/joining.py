"""A project's identity rules, for the page and the API alike: which ids join, how many, and what never."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from admin.data_rules import RulesInvalid
from admin.formats import count
from admin.locales import counted as ngettext
from admin.rows import Row, rows_of
from admin.seen import unless_changed, version_of
from admin.services import Services
from journeys.definition_schema import problems_of
from store.event import identity_hash
from store.identity.previews import RulesPreview
from store.identity.regrouping import Regrouping, ask_within, regrouping_of
from store.privacy.suppression import hashed, key_of
from store.projects import Project
from store.rules import IdentifierRule, ProjectRules, alter_rules
from store.words import Later, tell
from store.work import Work

log = logging.getLogger("waywiser.audit")
FIELDS = ("identifiers", "blocked_ids", "most_neighbours")
TYPE_FIELDS = ("type", "limit")
MOST_BLOCKED = 1_000
HIGHEST_PRIORITY = 1_000


class IdentifierSchema(Schema):
    """One type of identifiers, as events give it in `context.externalIds`."""

    type = fields.String(
        required=True,
        validate=[
            validate.Regexp(
                r"[a-z0-9][a-z0-9_.\-]{0,62}\Z",
                error=Later("write the type as events give it, in small letters, such as email or crm_id"),
            ),
            validate.NoneOf(
                ("user", "anonymous"),
                error=Later("user and anonymous ids have rules of their own; name another"),
            ),
        ],
    )
    limit = fields.Integer(
        required=True,
        validate=validate.Range(0, 1_000, error=Later("give a whole number from 0 to 1,000")),
        metadata={"description": "how many values of this type one customer may have; 0: it never joins"},
    )
    priority = fields.Integer(
        required=True,
        validate=validate.Range(0, HIGHEST_PRIORITY),
        metadata={"description": "lower ones are joined first"},
    )


class IdentityRulesSchema(Schema):
    """All identity rules of a project; what is left out goes back to its default."""

    identifiers = fields.List(
        fields.Nested(IdentifierSchema),
        validate=validate.Length(max=100, error=Later("give at most 100 types")),
        metadata={"description": "types of identifiers; of others a customer has one value each"},
    )
    blocked_ids = fields.List(
        fields.String(
            validate=validate.Length(
                1, 512, error=Later("a blocked value has at least one and at most 512 characters")
            )
        ),
        validate=validate.Length(
            max=MOST_BLOCKED, error=Later("block at most %(most)s values", most=f"{MOST_BLOCKED:,}")
        ),
        metadata={"description": "values that never join, whatever their type"},
    )
    most_neighbours = fields.Integer(
        validate=validate.Range(2, 100_000, error=Later("give a whole number from 2 to 100,000")),
        metadata={"description": "an id that is linked to more others than this joins none of them"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _each_type_once(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: set[str] = set()
        for index, one in enumerate(data.get("identifiers", [])):
            if one["type"] in seen:
                raise ValidationError(
                    {"identifiers": {index: {"type": [tell("this type is listed above already")]}}}
                )
            seen.add(one["type"])


def changed(rules: ProjectRules, data: Mapping[str, Any]) -> ProjectRules:
    """The project's rules with these identity rules, as IdentityRulesSchema has loaded them."""
    standard = {name: getattr(ProjectRules(), name) for name in FIELDS}
    if "identifiers" in data:
        standard["identifiers"] = msgspec.convert(data["identifiers"], tuple[IdentifierRule, ...])
    if "blocked_ids" in data:
        standard["blocked_ids"] = tuple(dict.fromkeys(one.strip() for one in data["blocked_ids"]))
    if "most_neighbours" in data:
        standard["most_neighbours"] = data["most_neighbours"]
    return msgspec.structs.replace(rules, **standard)


def shown(rules: ProjectRules) -> dict[str, Any]:
    """The identity rules as the API shows them."""
    return {name: msgspec.to_builtins(getattr(rules, name)) for name in FIELDS}


def as_form(rules: ProjectRules) -> dict[str, Any]:
    """The identity rules as the form shows them: types in the order in which they are joined."""
    ordered = sorted(rules.identifiers, key=lambda one: one.priority)
    return {
        "identifiers": [{"type": one.type, "limit": str(one.limit)} for one in ordered],
        "blocked_ids": "\n".join(rules.blocked_ids),
        "most_neighbours": str(rules.most_neighbours),
    }


def from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form holds, as `as_form` writes it; empty rows are kept while one edits."""
    rows: list[Row] = rows_of(form, "identifiers", TYPE_FIELDS)
    return {
        "identifiers": rows,
        "blocked_ids": form.get("blocked_ids", ""),
        "most_neighbours": form.get("most_neighbours", "").strip(),
    }


def checked(data: Mapping[str, Any], rules: ProjectRules) -> ProjectRules:
    """The project's rules with what a form means, its rows numbered by their order; raises RulesInvalid."""
    rows: Sequence[Row] = [row for row in data["identifiers"] if any(row.values())]
    types = [row["type"].lower() for row in rows]
    asked = {
        "identifiers": [
            {"type": type, "limit": row["limit"], "priority": priority}
            for type, row, priority in zip(types, rows, _priorities(types, rules), strict=True)
        ],
        "blocked_ids": [line.strip() for line in data["blocked_ids"].splitlines() if line.strip()],
        "most_neighbours": data["most_neighbours"],
    }
    try:
        return changed(rules, IdentityRulesSchema().load(asked))
    except ValidationError as error:
        raise RulesInvalid(_places(problems_of(error))) from None


def _priorities(types: Sequence[str], rules: ProjectRules) -> Sequence[int]:
    """The priorities of types in the order of the form: those that they have, as long as none was moved.

    Types of equal priority keep that; a new one at the end comes after all others.
    """
    known = {one.type: one.priority for one in rules.identifiers}
    before = [one.type for one in sorted(rules.identifiers, key=lambda one: one.priority)]
    there = [type for type in types if type in known]
    fresh = len(types) - len(there)
    last = max((known[type] for type in there), default=0)
    is_moved = there != [type for type in before if type in there] or there != list(types[: len(there)])
    if is_moved or last + fresh > HIGHEST_PRIORITY:
        return range(1, len(types) + 1)
    return [known[type] for type in there] + [last + n for n in range(1, fresh + 1)]


def _places(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems by the form's fields: the lines of blocked values share one."""
    return {("blocked_ids" if at.startswith("blocked_ids") else at): text for at, text in problems.items()}


def stamp(rules: ProjectRules) -> str:
    """A mark of identity rules: what is applied is what was looked at."""
    return version_of(shown(rules))


def preview(given: Services, project: int, rules: ProjectRules, work: Work | None = None) -> RulesPreview:
    """What these rules would do to all that is known; `work` tells how far that is, and may be ended."""
    return given.ledger.preview_rules(project, rules, progress=work.note if work else None)


def told(found: RulesPreview) -> str:
    """What rules would do, in sentences."""
    known = ngettext("%(num)s identity is known.", "%(num)s identities are known.", found.identities)
    if is_sample := found.looked_at < found.identities:
        sampled = tell(
            "A sample of %(n)s was looked at, and these are its numbers.", n=count(found.looked_at)
        )
        known = f"{known} {sampled}"
    if not found.changed:
        return f"{tell('No customer would change.')} {known}"
    parts = []
    if found.merged:
        parts.append(
            ngettext("join others into %(num)s customer", "join others into %(num)s customers", found.merged)
        )
    if found.split:
        parts.append(ngettext("split %(num)s customer", "split %(num)s customers", found.split))
    does = tell("They would %(do_this)s;", do_this=tell(" and ").join(parts)) + " " if parts else ""
    moved = ngettext(
        "%(num)s identity would belong to another customer.",
        "%(num)s identities would belong to another customer.",
        found.changed,
    )
    if is_sample:
        return f"{does}{moved} {known}"
    sums = tell(
        "%(before)s customers would be %(after)s.",
        before=count(found.customers_before),
        after=count(found.customers_after),
    )
    return f"{does}{moved} {sums} {known}"


def apply(
    given: Services, project: Project, rules: ProjectRules, *, by: str, seen: str = ""
) -> Regrouping | None:
    """Keep these identity rules and have all that is known worked out by them, in the background.

    Raises RulesChanged where the present ones are not those that were `seen`.
    """
    now, mine = given.clock(), {name: getattr(rules, name) for name in FIELDS}
    alter = unless_changed(lambda others: msgspec.structs.replace(others, **mine), shown, seen)
    ask = partial(ask_within, project=project.id, by=by, now=now)
    before, rules = alter_rules(given.engine, project.id, alter, now=now, also=ask)
    texts = (_text(given, project, one) for one in (before, rules))
    log.info("project %s: identity rules changed by %s from %s to %s", project.key, by, *texts)
    return regrouping_of(given.engine, project.id)


def _text(given: Services, project: Project, rules: ProjectRules) -> str:
    """The rules as the log keeps them: of blocked values, which name people, keyed hashes that stay equal."""
    key = key_of(given.engine)
    hashes = (
        hashed(key, project.id, identity_hash("blocked", value.casefold())) for value in rules.blocked_ids
    )
    return msgspec.json.encode(shown(rules) | {"blocked_ids": [one.hex() for one in hashes]}).decode()
