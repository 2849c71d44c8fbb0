"""Runs as they stood at an age: what had come so long after the start of each, and nothing that came later.

So runs of an old and of a young period can be compared that had the same time. Only here it is said what an
age is: reports that need less than whole runs ask for that.
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
AGE, AGED = "{age:Int64}", "{aged_ms:Int64}"  # of a report, and of runs that a report asks as they were


def is_young(age: str = AGE) -> str:
    """SQL of whether a run, by the columns of `runs.selected`, is not so old yet; the age is SQL of ms."""
    return question("aged.is_young", age=age)


def taken(age: str = AGE) -> str:
    """SQL of how many of its `steps` a run had taken at that age."""
    return question("aged.taken", age=age)


def reached(age: str = AGE) -> str:
    """SQL of the furthest step of a run at that age."""
    return f"steps[{taken(age)}]"


def aged(runs: str, rule: Definition, age: int, params: Params) -> str:
    """SQL of those of the runs that are so old (ms), with the columns of `runs.selected` as of that age.

    Who was neither through nor out is dropped where a limit had passed by then, else in time.
    """
    params.values |= {
        "aged_ms": age,
        "aged_goal": len(rule.steps),
        "aged_breaks": int(rule.order == "strict"),
    }
    at_age = {"is_young": is_young(AGED), "taken": taken(AGED)}
    return question("aged.runs", runs=runs, outcome_number=OUTCOME_NUMBER, **at_age)
