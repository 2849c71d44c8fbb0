"""What the numbers about sessions mean: one sentence each, for tooltips, the API and `docs/metrics.md`."""

from __future__ import annotations

ENGAGED_FROM_S = 10.0

MEANINGS = {
    "session": (
        "The touchpoints of one customer without a pause longer than the idle time, in a browser and on "
        "servers alike."
    ),
    "duration": "From the first to the last sign of life in a session, engagement reports included.",
    "engaged_seconds": (
        "The seconds in which a page of the session was in front and in use, as browsers report them."
    ),
    "scroll": "How far down any page of the session was scrolled at most, in percent of its height.",
    "bounced": (
        f"A session of one page view without any other touchpoint and less than {ENGAGED_FROM_S:.0f} engaged "
        "seconds."
    ),
    "engaged": (
        f"A session of at least {ENGAGED_FROM_S:.0f} engaged seconds, or at least two page views, or a step "
        "of a journey after its first."
    ),
    "bounce_rate": "The share of sessions that bounced, with its 95 % Wilson interval.",
    "engaged_rate": "The share of engaged sessions, with its 95 % Wilson interval.",
}
