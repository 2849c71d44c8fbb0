"""What is said of refused events and of those that break the plan: kept in English, and said again on pages.

`tests/admin/test_drop_words.py` holds this to what the collector writes.
"""

from __future__ import annotations

from flask import Flask
from markupsafe import Markup, escape

from store.retelling import Retold
from store.words import marked

REFUSED = Retold(
    (
        marked("an event must be a JSON object"),
        marked("a message must be a JSON object"),
        marked("a message needs a type and a message id"),
        marked("an event may hold %(bytes)s bytes"),
        marked("an event may be nested %(levels)s levels deep"),
        marked("`%(field)s` must be text or a number"),
        marked("`%(field)s` must be a JSON object"),
        marked("`%(field)s` must be ISO 8601 text or a number of seconds or milliseconds since 1970"),
        marked("`type` must be one of %(types)s"),
        marked("an event needs a `userId` or an `anonymousId`"),
        marked("a track event needs a name in `event`"),
        marked("a group event needs a `groupId`"),
        marked("an alias event needs a `userId` and a `previousId`"),
        marked("neither id names anybody"),
        marked("the timestamp cannot be read"),
        marked("the timestamp lies outside all plausible years"),
        marked("the event has not happened yet"),
        marked("the event is older than %(days)s days"),
        marked("this customer was erased; only this line is kept of the event"),
        marked("the tracking plan does not name this event"),
        marked("the properties cannot be checked: they are nested too deeply or hold broken characters"),
        marked("no event could be read from it; correct the row in its file and import the file again"),
        marked("no event could be read from it; only what is shown of it is left"),
    )
)
VIOLATIONS = Retold(
    (
        marked("%(place)s: is not planned"),
        marked("%(place)s: is missing"),
        marked("%(place)s: is not allowed"),
        marked("%(place)s: must be %(expected)s"),
        marked("%(place)s: must be at least %(limit)s"),
        marked("%(place)s: must be at most %(limit)s"),
        marked("%(place)s: must be more than %(limit)s"),
        marked("%(place)s: must be less than %(limit)s"),
        marked("%(place)s: must be a multiple of %(number)s"),
        marked("%(place)s: must have at least %(limit)s characters"),
        marked("%(place)s: must have at most %(limit)s characters"),
        marked("%(place)s: must have at least %(limit)s items"),
        marked("%(place)s: must have at most %(limit)s items"),
        marked("%(place)s: must have at least %(limit)s properties"),
        marked("%(place)s: must have at most %(limit)s properties"),
        marked("%(place)s: must not hold the same item twice"),
        marked("%(place)s: must match %(pattern)s"),
        marked("%(place)s: must be written as %(format)s"),
        marked("%(place)s: has a property with a name that is not allowed"),
        marked("%(place)s: breaks the rule `%(rule)s`"),
    )
)
BETWEEN = "; "


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters |= {"refusal": refusal, "violation": violation, "coded": coded}


def coded(text: str) -> str:
    """A text as HTML, in which what stands between `backticks` is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # the last one has no end
        return escape(text)
    return Markup("").join(
        Markup("<code>%s</code>") % part if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def refusal(message: str) -> str:
    """Why an event was refused, in the reader's language; what is not known stays in English."""
    if (said := REFUSED(message)) != message:
        return said
    return BETWEEN.join(map(VIOLATIONS, message.split(BETWEEN)))


def violation(text: str) -> str:
    """In which way an event broke the plan, in the reader's language."""
    return VIOLATIONS(REFUSED(text))
