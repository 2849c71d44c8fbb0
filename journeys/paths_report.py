"""Paths as a report: what they are asked, what their words mean, and their file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from journeys import segments
from journeys.apart import NAMES
from journeys.funnel import OUTCOMES, UNITS
from journeys.paths import DIRECTIONS, PARTS, Asked, paths
from journeys.paths_lists import behind, with_cells
from journeys.report import OTHER_SEGMENT, Answer, OwnArguments, Report, Table
from journeys.scope import Scope
from store.words import tell

MEANINGS = {
    "nodes": (
        "Labels of touchpoints by their position from the step; each run is in one node of a position, or "
        "has ended before it. What flows into a node flows out of it, as far as is drawn. An event, a page "
        "and a screen of one name are three labels, such as `Home`, `page:Home` and `screen:Home`: only "
        "events, and pages that begin with a slash, are called by their name alone."
    ),
    "links": "How many runs went from one node, the `source`, straight to another, the `target`.",
    "source": "The `id` of the node from which a link goes.",
    "target": "The `id` of the node to which it goes.",
    "id": "The name of a node in this answer.",
    "position": "How many touchpoints a node is away from the step.",
    "anchor": "The step from which paths are followed.",
    "until": "The step at which they end.",
    "direction": "Whether paths are followed to what came after the step, or before it.",
    "part": "Touchpoints of runs, or what came after those that were dropped or failed.",
    "outcome": "How the runs of an end stand; of the question, the outcome that it is limited to.",
    "members": (
        "How many labels are together in Other; `paths/labels`, asked with the node's `cell`, has their "
        "names and how many of its runs have each."
    ),
    "share": "The share of all runs of the group.",
    "rate": "The same with its 95 % Wilson interval.",
    "of_source": "Of a link, the share of the runs at its source, with its 95 % Wilson interval.",
    "against_runs": "How many runs the other segment has that pass here.",
    "overlap": (
        "How many of these runs are in both segments. They count in the smaller one alone, which `counts_in` "
        "names: a part is compared with the rest, not with itself."
    ),
    "counts_in": "The group in which the runs of both segments count: `segment` or `against`.",
    "coverage": "The share of the shown touchpoints that have a node of their own and are not in Other.",
    "touchpoints_shown": "How many touchpoints the nodes hold, each run's at each position once.",
    "Other (n)": "All labels of the position that are rarer than those shown; n says how many labels.",
    "repeats": (
        "Of a node: how many more touchpoints of the same label followed at once and are held in it. Of a "
        "link: whether both its ends have the same label."
    ),
    "returns": "How many of the runs in a node had come by the same label earlier on the way that is drawn.",
    "reached": "The run came to the step `until`; others end with their outcome.",
    "afterwards": (
        "What runs did after their last touchpoint, until the customer began the journey again. Without an "
        "outcome, of the runs that were dropped or failed."
    ),
    "nothing": "No further touchpoint is known so far, and no new beginning.",
    "against": "The same number of the runs of the other segment.",
    "difference": (
        "The share of the segment's runs here less that of the other's, with its 95 % interval (Newcombe "
        "1998) and how often chance alone would do as much, corrected for all places and ways shown "
        "(Benjamini and Hochberg 1995). The picture colours those below 5 %. Runs are taken for independent: "
        "where few customers make many of them, count customers."
    ),
    "p_adjusted": (
        "The same, corrected for all places and ways shown, such that of those below 5 % about one in twenty "
        "is chance; the interval beside it is not corrected."
    ),
}


class PathsAsked(OwnArguments):
    """From where paths are followed, which way and how far."""

    anchor = fields.String(
        metadata={
            "description": "key of a step; the first where absent, the goal where the direction is before; "
            "for afterwards, runs that ended at any step"
        }
    )
    until = fields.String(metadata={"description": "key of a later step, where paths end that come to it"})
    part = fields.String(
        load_default="run",
        validate=validate.OneOf(PARTS),
        metadata={"description": "touchpoints of runs, or what came after those that were dropped or failed"},
    )
    direction = fields.String(load_default="after", validate=validate.OneOf(DIRECTIONS))
    depth = fields.Integer(load_default=5, validate=validate.Range(1, 12))
    outcome = fields.String(validate=validate.OneOf(("", *OUTCOMES)))
    collapse = fields.Boolean(
        load_default=True, metadata={"description": "whether equal neighbours are one node"}
    )
    against = fields.String(
        load_default="",
        metadata={"description": "a segment to compare with, written as `segment`; `all` for all runs"},
    )

    @validates_schema
    def fit_together(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse what has no meaning beside other choices."""
        afterwards = data["part"] == "afterwards"
        if data.get("until") and (afterwards or data["direction"] == "before"):
            raise ValidationError(tell("only paths that run forwards inside runs end at a step"), "until")
        if afterwards and data["direction"] == "before":
            raise ValidationError(tell("there is nothing before what came afterwards"), "direction")
        if afterwards and data.get("outcome") == "in_time":
            raise ValidationError(tell("runs that are in time are not over"), "outcome")


def answer(scope: Scope, *, unit: str, against: str = "", **given: Any) -> Answer:
    """Paths as the report's arguments ask for them; raises PathError, SegmentError."""
    other = None if not against else segments.read("" if against == "all" else against)
    named = {name: value or None for name, value in given.items() if name in ("anchor", "until", "outcome")}
    asked = Asked(**{**given, **named, "against": other})
    found = paths(scope, unit=unit, **vars(asked))
    return with_cells(found, asked)


def table(answer: Answer) -> Table:
    """A row a link."""
    nodes = {node["id"]: node for node in answer["nodes"]}
    head: tuple[str, ...] = ("position", "from", "to", "runs", "from_runs", "to_runs")
    head += ("of_from", "of_from_low", "of_from_high", "to_share", "to_share_low", "to_share_high")
    if answer["against"] is not None:
        head += ("share", "against_runs", "against_from_runs", "against_to_runs", "against_share")
        head += ("difference", "low", "high", "p", "p_adjusted", "to_difference", "to_p_adjusted")
    else:
        head += ("from_repeats", "to_repeats", "to_returns")
    return head, (tuple(_row(nodes, link)) for link in answer["links"])


def _row(nodes: dict[str, Any], link: dict[str, Any]) -> Iterator[Any]:
    source, target = nodes[link["source"]], nodes[link["target"]]
    yield from (source["position"], source["label"], target["label"], link["n"], source["n"], target["n"])
    yield from (one[name] for one in (link["of_source"], target["rate"]) for name in ("value", "low", "high"))
    if "against" in link:
        yield link["share"]
        yield from (one["against"]["n"] for one in (link, source, target))
        yield link["against"]["share"]
        yield from (link["difference"][name] for name in NAMES)
        yield from (target["difference"][name] for name in ("value", "p_adjusted"))
    else:
        yield from (source["repeats"], target["repeats"], target["returns"])


PATHS = Report(
    name="paths",
    title="Paths",
    says="Which touchpoints runs pass before or after a step, between two, or when they are over.",
    answer=answer,
    table=table,
    meanings=MEANINGS,
    asked=PathsAsked,
    units=UNITS,
    behind=behind,
    beside=(OTHER_SEGMENT,),
)
