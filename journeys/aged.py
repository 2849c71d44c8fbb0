"""Runs as they stood at an age: what had come so long after the start of each, and nothing that came later.

So runs of an old and of a young period can be compared that had the same time.
"""

from __future__ import annotations

from journeys.definitions import Definition
from journeys.filters import Params
from journeys.outcome import number_at
from journeys.questions import question

OVER = "if(whole.outcome in ('succeeded', 'failed'), whole.outcome, 'open')"
OUTCOME_NUMBER = number_at(
    "then", OVER, "whole.start", "whole.last", idle="{idle:Int64}", window="{window:Int64}"
)


def aged(runs: str, rule: Definition, age: int, params: Params) -> str:
    """SQL of those of the runs that are so old (ms), with the columns of `runs.selected` as of that age.

    Who was neither through nor out is dropped where a limit had passed by then, else in time.
    """
    params.values |= {
        "aged_ms": age,
        "aged_goal": len(rule.steps),
        "aged_breaks": int(rule.order == "strict"),
    }
    return question("aged.runs", runs=runs, outcome_number=OUTCOME_NUMBER)
