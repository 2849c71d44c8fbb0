"""What numbers mean: a sentence or two each, for tooltips, the API and `docs/metrics.md`."""

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

# Of the reports about a journey.
TREND_MEANINGS = {
    "trend": (
        "Runs stand in the day, week (from Monday) or month in which they began, in the project's time "
        "zone, and the parts add up to the funnel of the period. Of customers and accounts, the furthest "
        "run of the period is chosen first."
    ),
    "success_rate": (
        "The share that reached the goal so far, with its 95 % Wilson interval. Who is in time may yet do so."
    ),
    "at_most": "The success rate if everybody who is in time reaches the goal; `at_least`: if nobody does.",
    "immature": "Some are in time, so the success rate may yet rise: this is no loss.",
    "partial": "The period cuts this day, week or month, or it is not over yet.",
    "small": (
        "Too little to rely on the rate: fewer than 30, or an interval of 30 points or more, or one of "
        "more than 5 points that is also wider than 130 % of its middle."
    ),
    "customers": (
        "How many customers are behind the number. Intervals take runs for independent, so a few "
        "customers with very many runs make them too narrow."
    ),
}

SURVIVAL_MEANINGS = {
    "survival": (
        "Which share had come within which time: one less Kaplan and Meier's curve. Who has not come is "
        "watched until now (the window of a run at most), also where dropped or failed."
    ),
    "share": (
        "The share that had come after the longest time that any was watched: what to expect when all "
        "have had that time. The interval is the exponential Greenwood one, of 95 %."
    ),
    "watched": (
        "The longest time from the first of the two steps until now, or until the run's window ended."
    ),
    "at_risk": (
        "How many had not come yet and were watched at least so long: the fewer, the vaguer the curve."
    ),
    "half": "The time within which half of all had come; none while fewer have.",
    "log_rank": (
        "How often two groups that take equally long would differ at least so much: log-rank test, "
        "corrected by Benjamini and Hochberg where there are several pairs. Below 5 % the difference is "
        "hardly chance."
    ),
}

BREAKDOWN_MEANINGS = {
    "breakdown": (
        "The funnel of each value by itself; all groups together are the funnel of the period. Of "
        "customers and accounts the furthest run is chosen first."
    ),
    "moment": (
        "The value is that of the event that took the step, the first one where no other is named; of a "
        "trait, what was last said of the customer until then."
    ),
    "other": "All values that are less frequent than those shown, together.",
    "none": "The event says nothing of it, or the trait was not said or was taken away.",
    "not_reached": "These did not take the step at whose moment the value is taken.",
    "against_rest": (
        "The success rate less that of all others that took the step, with its interval (Newcombe 1998) "
        "and how often chance alone would do as much, corrected for as many groups as there are "
        "(Benjamini and Hochberg 1995)."
    ),
}
