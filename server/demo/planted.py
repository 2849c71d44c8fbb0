"""The one table of what is true in the demo company: where its journeys lose people, why, and how many.

The generator draws from these very numbers, so a report that finds them is right and one that does not is
wrong. Nothing else is planted: in particular, asking about a renewal changes nothing, nor does the country.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for leaving, at one step of one journey.

    `rate` is the chance to reach `step` from the required step before it for those whom the cause touches
    (`who`), `rate_elsewhere` for all others. `hours` and `hours_elsewhere` are the median times from that
    step to this one, before nights and weekends stretch them; None where the cause has no say in it. `share`
    is the part of the candidates whom the cause touches. It is at work from `from_day` on (days after the
    first of the ninety). Measured rates stay a little below while some runs are still under way.
    """

    key: str
    journey: str
    step: str
    who: str
    share: float
    rate: float
    rate_elsewhere: float
    hours: float | None = None
    hours_elsewhere: float | None = None
    from_day: int = 0


SLOW_ON_PHONES = Cause(
    key="slow-on-phones",
    journey="trial-to-paid",
    step="project",
    who="signed up on a phone, where /app/projects/new has a load_ms near 7,000 instead of 800",
    share=0.34,
    rate=0.30,
    rate_elsewhere=0.70,
    hours=15.0,
    hours_elsewhere=0.35,
)
BROKEN_CAMPAIGN = Cause(
    key="broken-campaign",
    journey="trial-to-paid",
    step="signup",
    who="came by the campaign 'free-templates', which from that day on lands on /offer-ended",
    share=0.16,
    rate=0.02,
    rate_elsewhere=0.17,
    from_day=52,
)
SUPPORT_DETOUR = Cause(
    key="support-detour",
    journey="trial-to-paid",
    step="invite",
    who="had to chat or call (topic 'trial') after the first project and before inviting the team",
    share=0.30,
    rate=0.30,
    rate_elsewhere=0.66,
    hours=96.0,
    hours_elsewhere=18.0,
)
HANDED_OVER = Cause(
    key="handed-over",
    journey="support-case-solved",
    step="solved",
    who="had the case handed to a specialist (Ticket Escalated) after the first answer",
    share=0.20,
    rate=0.58,
    rate_elsewhere=0.91,
    hours=70.0,
    hours_elsewhere=4.0,
)
EXPIRED_CARD = Cause(
    key="expired-card",
    journey="yearly-renewal",
    step="renewed",
    who="had the card refused on the day of renewal (Payment Failed, cause 'card_expired')",
    share=0.20,
    rate=0.45,
    rate_elsewhere=0.94,
    hours=290.0,
    hours_elsewhere=168.0,
)

PLANTED: tuple[Cause, ...] = (SLOW_ON_PHONES, BROKEN_CAMPAIGN, SUPPORT_DETOUR, HANDED_OVER, EXPIRED_CARD)
