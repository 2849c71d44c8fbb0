"""The report on signals: what it asks and what its words mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import fields, validate

from journeys.report import OTHER_SEGMENT, PERIOD, Answer, OwnArguments, Report, Table
from journeys.signals import CANDIDATES, DIFFERENT, FEWEST, LEVELS, SEEN_MOST, signals
from journeys.signals_asked import TOWARDS
from journeys.signals_lists import behind
from store.words import Later

MEANINGS = {
    "step": (
        "The step that runs come to or not (or a later one); where none is named, the one that most are lost "
        "before."
    ),
    "after": (
        "The last step before it that every run has to take: from it on, the time to the landmark counts."
    ),
    "toward": "What counts as success: to have come to the step or a later one, or the goal.",
    "landmark": (
        "How long after the step `after` a run is looked at; the same for all. What is seen up to then "
        "counts, nothing later, and only runs that had not come to the step and were not over by then are "
        "compared: else who takes long would have had more time to show something. Where it is not `given`, "
        "it is the longest round time by which at most a quarter of those who came had come; in strict order "
        "it is 0."
    ),
    "population": (
        "Of each customer the first run of the period that took the step `after`; runs of one customer are "
        "not independent. Each is in exactly one of `young`, `there`, `over`, `in_time` and `counted`."
    ),
    "young": (
        "Left out, whatever they did: they took the step `after` less than the idle timeout ago, or began "
        "less than the window ago where there is one. Of these the quick ones alone would be decided."
    ),
    "there": "Left out: they had come to the step by the landmark, so there was nothing to foretell.",
    "over": "Left out: they had failed, or met their window, by the landmark.",
    "in_time": (
        "Left out: old enough, but kept alive by touchpoints and still in time: neither lost nor won."
    ),
    "counted": "Runs that are compared: each has come to what `toward` names, or is lost for good.",
    "seen": (
        f"Those of them that are looked at: all, or where there are more than {SEEN_MOST:,} a part of the "
        "customers, chosen by a hash. All numbers of signals are of these."
    ),
    "tested": (
        f"Signals that were tested: of each kind at most {CANDIDATES} that most runs carry, each with at "
        f"least {FEWEST} runs that carry it and {FEWEST} that do not. Which they are does not depend on "
        "success."
    ),
    "found": "Those of them with `p_adjusted` below 0.05; about one in twenty of these may be chance.",
    "touchpoint": (
        "A page, screen or event passed since the run began up to the landmark, at least "
        f"{', '.join(map(str, LEVELS[:-1]))} or {LEVELS[-1]} times. Those with the name of the step or of a "
        "later one are left out."
    ),
    "property": (
        "Channel, source, campaign, device, country and the properties of the event that took the step `at`; "
        "compared with all others that had taken it."
    ),
    "amount": (
        f"A property with at least {DIFFERENT} different numbers was at least so high (`at_least`) in the "
        "event that took the step `at`; tried at the quartiles of all that told a number, with whom it is "
        "compared."
    ),
    "trait": "What was last told of the customer up to the landmark, also before the run.",
    "speed": (
        "The run took at most so long (`within_seconds`) from the step `name` to the step `at` right after "
        "it; tried at the quartiles of all that had taken both, with whom it is compared."
    ),
    "with": "Runs that carry the signal, and the share of them that came, with its Wilson interval.",
    "without": "Runs that could carry it and do not.",
    "goes_with": "What the signal speaks for: success, or loss, where those with it come less often.",
    "difference": (
        "The share that came with the signal less that without it, with Newcombe's 95 % interval; `p` by "
        "Pearson's chi-squared test, by Fisher's exact one where few are expected; `p_adjusted` is corrected "
        "for all that were `tested`, not only those shown (Benjamini and Hochberg 1995)."
    ),
    "ratio": "The share with the signal by that without it, with the interval of Katz and others (1978).",
    "hits": "Runs with the signal that ended as it says: came, or with `loss` were lost.",
    "ended": "All runs that ended so, of those with the signal and those without.",
    "precision": "Of the runs with the signal, the share that ended as it says, with its Wilson interval.",
    "recall": "Of the runs that ended so, the share that carried the signal, with its Wilson interval.",
    "lead_seconds": (
        "Half of the runs with the signal that ended as it says did so at least so long after it was there: "
        "came, failed, or had their time run out."
    ),
    "came": "Of the runs that were looked at, the share that came to what `toward` names.",
    "given": "Whether it was asked for.",
    "seconds": "The landmark, in seconds.",
    "signals": "The signals that are shown, the surest first.",
    "small": "One of the two groups is too small to rely on its rate.",
}


class Asked(OwnArguments):
    """Before which step to look, towards what, how long, and how many signals to show."""

    step = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "key of a step after the first; the one most are lost before where absent"},
    )
    toward = fields.String(
        load_default="step",
        validate=validate.OneOf(TOWARDS),
        metadata={"description": "whether success is to come to that step, or to the goal"},
    )
    landmark = fields.String(
        load_default="",
        validate=validate.Regexp(
            r"^(0|[1-9]\d{0,5}[smhdw])?\Z", error=Later("write 0, 90s, 30m, 12h, 14d or 6w")
        ),
        metadata={
            "description": "how long after the step before it a run is looked at, such as 30m, or 0; "
            "where absent, about as long as a quarter of those who came needed"
        },
    )
    most = fields.Integer(
        load_default=30,
        validate=validate.Range(1, 200),
        metadata={"description": "signals to show, the surest first; all that are tested count for p-values"},
    )


HEAD = (
    *("kind", "name", "value", "at", "at_least", "within_seconds", "goes_with"),
    *("with", "with_rate", "with_low", "with_high", "without", "without_rate", "without_low", "without_high"),
    *(
        "difference",
        "difference_low",
        "difference_high",
        "p",
        "p_adjusted",
        "ratio",
        "ratio_low",
        "ratio_high",
    ),
    *("precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high"),
    *("lead_seconds", "small", "hits", "ended"),
)
BLANK = (None,) * 5


def table(answer: Answer) -> Table:
    """How the runs stand, a row each; then a row a signal, the surest first."""
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    ends = ("value", "low", "high")
    for standing, runs in answer["population"].items():
        if standing != "came":
            yield "runs", standing, *BLANK, runs["n"], *(None,) * (len(HEAD) - 8)
    came = answer["population"]["came"]
    rates = (came[end] for end in ends)
    yield "runs", "came", *BLANK, came["n"], *rates, *(None,) * (len(HEAD) - 11)
    for one in answer["signals"]:
        groups = [
            number
            for which in ("with", "without")
            for number in (one[which]["n"], *(one[which]["came"][end] for end in ends))
        ]
        yield (
            *(one[name] for name in HEAD[:7]),
            *groups,
            *(one["difference"][name] for name in (*ends, "p", "p_adjusted")),
            *(one["ratio"][end] for end in ends),
            *(one[which][end] for which in ("precision", "recall") for end in ends),
            *(one["lead_seconds"], one["small"], one["hits"]["n"], one["ended"]["n"]),
        )


SIGNALS = Report(
    name="signals",
    title="Signals",
    says="What is seen of runs early on that goes with success or with drop-off, before it happens.",
    answer=signals,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
    notes=(
        "Signals are not counted by customers or accounts. One run of each customer is looked at already, "
        "the first that took the step. The furthest run, which stands for these elsewhere, would "
        "let success choose what is compared; and what one member of an account showed by a landmark is no "
        "sign for the run of another.",
        "In strict order the only landmark is 0. A run may break at any touchpoint; its moment is not kept, "
        "and nothing that came after it is a sign. For the lead time the run ended with its last step.",
        "In any order the steps are places, such as `taken-2`. Touchpoints that match any step are left out, "
        "as each may be the next one; the properties of those taken by the landmark count.",
    ),
)
