"""Why events are refused, in plain words, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from store.words import tell


class Said(NamedTuple):
    """A reason as a person would say it: its name, what it means, and what to do."""

    name: str
    meaning: str
    cure: str


REASONS = {
    "missing_identity": Said(
        "Nobody named",
        "The event names nobody: it has neither a user id nor an anonymous id, or one that many share, such "
        "as “null”, “undefined” or “guest”.",
        "Send userId or anonymousId with every event, and no placeholder where it is unknown.",
    ),
    "missing_event": Said(
        "No event name",
        "A track event came without a name.",
        "Give the event’s name in “event”.",
    ),
    "missing_group": Said(
        "No group", "A group event does not say which group.", "Give the group’s id in “groupId”."
    ),
    "missing_previous": Said(
        "No previous id",
        "An alias event must say which two ids belong together.",
        "Give the new id in “userId” and the former one in “previousId”.",
    ),
    "bad_type": Said(
        "Wrong shape",
        "A field has a type that cannot be used: text where an object belongs, or an unknown kind of event.",
        "Compare the event with what is said beside it, and correct it where it is sent.",
    ),
    "bad_message": Said(
        "Not an event",
        "What came is no event: it has no type or no message id.",
        "Send events with a type, such as track or page; client libraries do it by themselves.",
    ),
    "bad_timestamp": Said(
        "Unreadable time",
        "The event’s time cannot be read, or lies outside of all plausible years.",
        "Send times as ISO 8601 text, such as 2026-03-01T12:00:00Z, or leave them out.",
    ),
    "too_large": Said(
        "Too large",
        "One event may hold 32 KiB.",
        "Send less with each event, for example links to texts and pictures instead of their contents.",
    ),
    "too_deep": Said(
        "Nested too deeply",
        "One event may be nested 198 levels deep. What was deeper is not kept; run again, the event comes "
        "without it.",
        "Send the values that are needed, not whole structures of the program that refer to each other.",
    ),
    "too_old": Said(
        "Too old",
        "The event happened longer ago than live events may.",
        "For history, use the import. Or raise WAYWISER_RETENTION_DAYS, or set WAYWISER_OLD_TIMES, restart, "
        "and run these again.",
    ),
    "from_future": Said(
        "Not happened yet",
        "The event’s time lies in the future, and WAYWISER_FUTURE_TIMES says to drop such events.",
        "Set the clock where it is sent. Or set WAYWISER_FUTURE_TIMES to clamp, restart, and run these "
        "again.",
    ),
    "erased": Said(
        "Customer erased",
        "The event came from a customer who was erased. Nothing of it is kept but that it came.",
        "Nothing needs to be done. If the person is to be counted again, an admin lifts it under Privacy.",
    ),
    "plan_violation": Said(
        "Against the tracking plan",
        "The event’s properties are not as the tracking plan says, and the project chose to drop such "
        "events.",
        "Correct the sender, or the plan; after a change of the plan, run these again.",
    ),
    "unplanned": Said(
        "Not in the tracking plan",
        "The tracking plan does not name this event, and the project chose to drop such events.",
        "Add the event to the plan and run these again, or take it out where it is sent.",
    ),
    "step_failed": Said(
        "A mistake of Waywiser",
        "A step on the way failed over this event. That is a mistake in Waywiser, not in the event.",
        "Update Waywiser, then run these again. What is said beside the event helps to find the mistake.",
    ),
    "poison": Said(
        "Could not be stored",
        "Every try to store this event failed, so that it was put aside to let the others pass.",
        "Look at what is said beside it; after an update or a repair, run it again.",
    ),
    "bad_row": Said(
        "Bad row of a file",
        "An import could not use this row.",
        "Correct the row in its file and import the file again; rows that are in already are not counted "
        "again.",
    ),
    "no_message": Said(
        "Nothing to run again",
        "The row of a file could not be read, or what was kept was damaged.",
        "Correct the row in its file and import the file again.",
    ),
}


def said_of(code: str) -> Said:
    """The plain words for a reason; its code where a newer version has written it."""
    said = REASONS.get(code)
    return Said(*map(tell, said)) if said else Said(code.replace("_", " "), "", "")
