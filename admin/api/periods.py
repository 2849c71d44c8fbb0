"""The period that questions over the API are about, where they know no other moment than now."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from admin.api.endpoint import Call
from admin.of_segment import members_of
from journeys.members import Members
from journeys.period import NO_AS_OF, Period, parse_period
from journeys.segments import read as read_segment


def _refused(_: object) -> None:
    raise ValidationError(NO_AS_OF)


class DaysAsked(Schema):
    """From when to when."""

    class Meta:
        """Arguments that are not known, such as cache breakers, do no harm."""

        unknown = EXCLUDE

    start = fields.String(
        data_key="from", metadata={"description": "date or time, inclusive; 30 days before `to` where absent"}
    )
    end = fields.String(
        data_key="to", metadata={"description": "date or time, exclusive; the end of today where absent"}
    )


class PeriodAsked(DaysAsked):
    """A period; `as_of` is refused, lest somebody takes the numbers of now for those of then."""

    as_of = fields.Raw(validate=_refused, metadata={"description": "not supported here: refused"})


class MembersAsked(PeriodAsked):
    """A period, and of which customers."""

    of = fields.String(
        load_default="",
        metadata={
            "description": "key of a journey: only customers with a run of it that began in the period, and "
            "belongs to `segment` where there is one"
        },
    )
    segment = fields.String(
        load_default="", metadata={"description": "segment of these runs, written as in reports of journeys"}
    )


def members_of_call(call: Call, now: int) -> Members:
    """The customers that the call asks about; raises NoSuchJourney, PeriodError, SegmentError."""
    asked = call.query
    segment = read_segment(asked["segment"])
    return members_of(
        call.services, call.project, asked["of"], segment, asked.get("start"), asked.get("end"), now=now
    )


def period_of(call: Call, now: int | None = None) -> Period:
    """The period that the call asks for, `now` or at another moment; raises PeriodError."""
    asked, at = call.query, call.now if now is None else now
    return parse_period(asked.get("start"), asked.get("end"), call.project.zone, now=at)
