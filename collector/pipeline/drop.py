"""Why the pipeline refuses to count an event."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Every reason, as it is kept in the drops."""

    BAD_MESSAGE = "bad_message"
    BAD_TIMESTAMP = "bad_timestamp"
    TOO_OLD = "too_old"
    FROM_FUTURE = "from_future"
    MISSING_IDENTITY = "missing_identity"
    ERASED = "erased"
    STEP_FAILED = "step_failed"
    PLAN_VIOLATION = "plan_violation"
    UNPLANNED = "unplanned"


class Drop(Exception):
    """Raised by a step: this event is not counted."""

    def __init__(self, reason: Reason, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
