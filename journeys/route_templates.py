"""How a route template is written and what it stands for: `/order/:id` is any order's page.

A template is a path in which a whole place between slashes may be a variable, such as `:id`. Some names hold
for what looks like that alone; any other name, such as `:slug`, for any text without a slash. `*` is any
text, slashes too. The patterns made here are read alike by RE2, Vectorscan and Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from journeys.definitions import DefinitionError
from store.words import tell

MOST_TEMPLATES = 200
LONGEST = 500
VARIABLE = re.compile(r":[a-z][a-z0-9_]{0,29}")
UUID = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
NUMBER = "[0-9]+"
HASH = "[0-9A-Fa-f]{16,}"
# A word with two digits, as a7f3, read in one way only, so quickly; letters and a long number, as inv-1042.
WORD = "[A-Za-z_]*[0-9][A-Za-z_]*[0-9][A-Za-z0-9_]*"
NUMBERED = "[A-Za-z]{1,10}-[0-9]{3,}"
KINDS = {
    ":number": NUMBER,
    ":uuid": UUID,
    ":date": "[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?",
    ":hash": HASH,
    ":id": "|".join((WORD, NUMBER, UUID, HASH, NUMBERED)),
}
ANY = "[^/]+"
EXAMPLES = {
    ":number": "1042",
    ":uuid": "123e4567-e89b-12d3-a456-426614174000",
    ":date": "2026-01-31",
    ":hash": "5f2b8c0d9e1a4b3c",
    ":id": "1042",
}


def is_template(path: str) -> bool:
    """Whether a path has a variable."""
    return any(VARIABLE.fullmatch(place) for place in path.split("/"))


def expression(template: str) -> str:
    """A regular expression of the whole paths that a template stands for."""
    return "/".join(_place(place) for place in template.split("/"))


def anchored(template: str) -> str:
    """The same for engines that look for it anywhere."""
    return whole(expression(template))


def whole(pattern: str) -> str:
    """A pattern that nothing stands before or behind."""
    return rf"\A(?:{pattern})\z"


def roughly(template: str) -> str:
    """The template with `*` for each variable: it stands for the same paths and more."""
    return "/".join("*" if VARIABLE.fullmatch(place) else place for place in template.split("/"))


def stands_for(template: str, path: str) -> bool:
    """Whether a path is one of a template's."""
    return re.fullmatch(expression(template), path) is not None


def placed(templates: Sequence[str], one: str) -> list[str]:
    """The list with one more template: before the first that would take its paths, else at the end."""
    if one in templates:
        return list(templates)
    path = "/".join(_example(place) for place in one.split("/"))
    at = next((at for at, other in enumerate(templates) if stands_for(other, path)), len(templates))
    return [*templates[:at], one, *templates[at:]]


def checked(templates: Sequence[str]) -> tuple[str, ...]:
    """The templates, if they can be kept; raises DefinitionError, with problems by their place from 0."""
    if len(templates) > MOST_TEMPLATES:
        raise DefinitionError(
            {"templates": tell("give at most %(most_templates)s templates", most_templates=MOST_TEMPLATES)}
        )
    problems: dict[str, str] = {}
    for at, one in enumerate(templates):
        if problem := problem_of(one) or (
            tell("this template stands above already") if one in templates[:at] else ""
        ):
            problems[f"templates.{at}"] = problem
    if problems:
        raise DefinitionError(problems)
    return tuple(templates)


def problem_of(template: str) -> str:
    """Why this is no template; '' where it is one."""
    if not template or len(template) > LONGEST:
        return tell("write a path of 1 to %(most)s characters", most=LONGEST)
    if any(ord(one) < 32 for one in template) or template != template.strip():
        return tell("a template has no line breaks or other control characters, and no spaces around it")
    for place in template.split("/"):
        if place.startswith(":") and not VARIABLE.fullmatch(place):
            return tell(
                "%(name)s is no variable; write small letters, digits and _ behind the colon, as in :id",
                name=repr(place),
            )
    return ""


def _example(place: str) -> str:
    return EXAMPLES.get(place, "any-text") if VARIABLE.fullmatch(place) else place.replace("*", "any-text")


def _place(place: str) -> str:
    if VARIABLE.fullmatch(place):
        return f"(?:{KINDS.get(place, ANY)})"
    return r"(?s:.*)".join(re.escape(part) for part in place.split("*"))
