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

# How runs stand: words that several reports about a journey share.
STANDING = {
    "success_rate": (
        "The share that reached the goal so far, with its 95 % Wilson interval. Who is in time may yet do so."
    ),
    "at_most": "The success rate if everybody who is in time reaches the goal; `at_least`: if nobody does.",
    "immature": "Some are in time, so the success rate may yet rise: this is no loss.",
    "small": (
        "Too little to rely on the rate: fewer than 30, or an interval of 30 points or more, or one of "
        "more than 5 points that is also wider than 130 % of its middle."
    ),
    "customers": (
        "How many customers are behind the number. Intervals take runs for independent, so a few "
        "customers with very many runs make them too narrow."
    ),
    "dependent": (
        "There are three runs or more of every two customers. Intervals and p-values take runs for "
        "independent, so here intervals are too narrow and p-values too small: count customers instead."
    ),
}

# Words that all reports about a journey share.
WORDS = {
    "journey": "The key of the journey; `name` is what it is called, `version` the number of its definition.",
    "name": "What something is called, in words.",
    "version": "The number of the journey's definition; every change makes a new one.",
    "from": "The beginning of a time, inclusive: of the period, a part of it, or a span of seconds.",
    "to": "The end of that time, exclusive.",
    "as_of": "The moment of the answer: who is in time and who was dropped is decided as of then.",
    "segment": "The runs that the report is limited to; empty for all.",
    "unit": (
        "What is counted: runs; `customers`, each with the furthest run; `accounts`, each with the furthest "
        "run of a member, or with its own where the runs are those of accounts."
    ),
    "n": "How many; of a rate, of how many it is the share.",
    "runs": "How many runs, customers or accounts, as `unit` says.",
    "cell": "The name of the list behind `n`.",
    "cells": (
        "The names of the lists behind the numbers beside it, each by the name of its number. The lists of "
        "`customers` and `half_by` have the latest of the runs of each, which `stands_for` so many of theirs."
    ),
    "value": "Of a rate or a difference, the number itself; of a group, what its runs have in common.",
    "low": "The lower end of the 95 % interval.",
    "high": "The upper end of the 95 % interval.",
    "small": STANDING["small"],
    "p": "How often chance alone would do as much.",
    "p_adjusted": (
        "The same, corrected for all that were tested together, such that of those below 5 % about one in "
        "twenty is chance (Benjamini and Hochberg 1995)."
    ),
    "steps": "The steps of the journey; of a variant, those that it took.",
    "step": "The key of a step.",
    "key": "The key of a step.",
    "stage": "The stage of the journey to which the step belongs.",
    "optional": "Whether a run may go past the step without it.",
    "outcomes": "How runs ended or stand: `succeeded`, `failed`, `dropped`, `in_time`; they add up to all.",
    "succeeded": "Runs that reached the goal.",
    "failed": "Runs in which an event came that fails the journey.",
    "dropped": "Runs whose time was up before they reached the goal.",
    "in_time": "Runs whose time is not up: they may still go on. Of a rate: how many may still get there.",
    "at_least": "The rate if none of those who are in time gets there.",
    "at_most": "The rate if all of those who are in time get there.",
    "customers": STANDING["customers"],
    "dependent": STANDING["dependent"],
    "looks_inside": (
        "The segment asks what happened within the run. Who came further had more time for that, so a "
        "difference may be a consequence of success and not its cause."
    ),
    "half_by": "At least half of the runs are of only so many customers, the busiest ones.",
    "few": "So few customers make half of the runs that the interval is too narrow.",
    "immature": STANDING["immature"],
    "median": "Half of the runs took at most so many seconds.",
    "p90": "Nine in ten of the runs took at most so many seconds.",
    "kind": "What a row is of: a `value` or label, all `other` ones, `none`, or what the report says.",
    "label": "The name of a touchpoint: that of the event, or the path of the page.",
    "different": "How many different values or labels are together in a row.",
}
