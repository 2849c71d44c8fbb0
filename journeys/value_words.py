"""What values are called, so that none is taken for the runs without one, or for all others together."""

from __future__ import annotations

from store.words import marked, tell

# What reports and pages call runs without a value, and those of several values together.
GROUPS = (
    marked("(none)"),
    marked("(did not get there)"),
    marked("no value"),
    marked("did not take the step"),
    marked("all other values"),
)
OTHER = marked("Other")  # with how many values they are, in brackets
QUOTED = "“"


def called(value: str) -> str:
    """The value itself; in quotation marks where it is called like such a group."""
    is_like_a_group = value in GROUPS or value in map(tell, GROUPS)
    others = tuple(f"{word} (" for word in (OTHER, tell(OTHER)))
    if is_like_a_group or value.startswith((QUOTED, *others)):
        return tell("“%(name)s”", name=value)
    return value
