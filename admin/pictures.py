"""What the charts in the browser are given to draw: plain data, made from the journeys' answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from admin.locales import day
from admin.places import place_name
from admin.reasons import said_of
from journeys.funnel import without_lists
from journeys.statistics import FEWEST
from journeys.timing import EDGES
from store.words import tell

Answer = Mapping[str, Any]
# What colours of theme.css mean in every picture. Outcomes have colours of their own, which nothing else has;
# where neither is at stake, groups take them in the order of GROUPS.
ASKED, COMPARED, REST = "accent", "second", "other"  # what was asked, what it is compared with, all others
ROBOTS, WRONG = "third", "fourth"
GROUPS = (ASKED, COMPARED, "third", "fourth", "fifth")
REASON_COLOURS = (WRONG, *(one for one in GROUPS if one != WRONG))


def funnel(answer: Answer, link: Callable[[str, str | None], str]) -> dict[str, Any]:
    """Columns of a funnel: those at each step, split by what became of them. `link` finds their lists."""
    steps = answer["steps"]
    columns = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        key, is_goal = step["key"], step is steps[-1]
        columns.append(
            {
                "name": step["name"],
                "progressed": step["progressed"],
                "rate": without_lists(step["rate_from_start"]),
                "went_on": following["progressed"] if following else 0,
                "succeeded": step["progressed"] if is_goal else 0,
                "in_time": 0 if is_goal else step["in_time_here"],
                "failed": 0 if is_goal else step["failed_here"],
                "dropped": 0 if is_goal else step["dropped_here"],
                "links": {
                    "went_on": link("progressed", following["key"] if following else key),
                    "succeeded": link("succeeded", None),
                    "in_time": link("in_time_here", key),
                    "failed": link("failed_here", key),
                    "dropped": link("dropped_here", key),
                },
            }
        )
    return {"steps": columns, "unit": answer["unit"], "few": _are_few(answer["entered"])}


def sankey(answer: Answer, behind: Callable[[str], str]) -> dict[str, Any]:
    """Nodes and links of the paths, told from left to right also where they lead up to the anchor.

    Where two segments are compared, each is as large as the larger of its two shares. `behind` finds the list
    of a cell.
    """
    wanted = ("id", "position", "label", "kind", "outcome", "n", "repeats", "returns", "rate")
    nodes, links = (
        [{**_kept(one, names), **_shares(one), "link": behind(one["cell"])} for one in answer[what]]
        for what, names in (("nodes", wanted), ("links", ("source", "target", "n", "of_source")))
    )
    afterwards = answer.get("part") == "afterwards"
    for node, told in zip(nodes, answer["nodes"], strict=True):
        node["label"] = place_name(told, afterwards=afterwards)
    for link in links:
        link["of"] = link["source"]
    if answer["direction"] == "before":
        last = max((node["position"] for node in nodes), default=0)
        for node in nodes:
            node["position"] = last - node["position"]
        links = [{**link, "source": link["target"], "target": link["source"]} for link in links]
    return {
        "nodes": nodes,
        "links": links,
        "runs": answer["runs"],
        "unit": answer["unit"],
        "compared": answer["against"] is not None,
        "few": _are_few(answer["runs"], *([] if answer["against"] is None else [answer["against_runs"]])),
    }


def _kept(one: Answer, names: Sequence[str]) -> dict[str, Any]:
    return {name: one[name] for name in names if name in one}


def _shares(one: Answer) -> dict[str, Any]:
    if "against" not in one:
        return {}
    shares = {"share": one["share"] or 0, "otherShare": one["against"]["share"] or 0}
    return {**shares, "others": one["against"]["n"], "difference": one["difference"]}


def histogram(timing: Answer, unit: str) -> dict[str, Any]:
    """Bars of a histogram without gaps between them, and the two numbers that are marked in it."""
    counts = {bar["from"]: bar["n"] for bar in timing["histogram"]}
    limits = [*EDGES, None]
    bars = [
        {"from": low, "to": high, "n": counts.get(low, 0)}
        for low, high in pairwise(limits)
        if low is not None and counts and min(counts) <= low <= max(counts)
    ]
    marks = {"median": timing["median"], "p90": timing["p90"]}
    return {"bars": bars, **marks, "unit": unit, "few": _are_few(timing["n"])}


def periods(answer: Answer, names: Mapping[str, str], behind: Callable[[str, str], str]) -> dict[str, Any]:
    """How far the runs of two periods came, side by side; `behind` finds their lists."""
    groups = [("before", COMPARED), ("now", ASKED)]
    return {
        "steps": [step["name"] for step in answer["steps"]],
        "groups": [
            {
                "name": names[side],
                "colour": colour,
                "bars": [
                    {
                        **_rate(step[side]["rate_from_start"]),
                        "count": step[side]["came"]["n"],
                        "link": behind("periods", step[side]["came"]["cell"]),
                    }
                    for step in answer["steps"]
                ],
            }
            for side, colour in groups
        ],
        "few": _are_few(*(answer["steps"][0][side]["rate_from_start"]["n"] for side, _ in groups)),
    }


def segments(groups: Sequence[Answer], behind: Callable[[str, str], str]) -> dict[str, Any]:
    """How far two segments came, side by side."""
    return {
        "steps": [step["name"] for step in groups[0]["steps"]],
        "groups": [
            {
                "name": group["name"],
                "colour": colour,
                "bars": [
                    {
                        **_rate(step["rate_from_start"]),
                        "count": step["progressed"]["n"],
                        "link": behind("compare", step["progressed"]["cell"]),
                    }
                    for step in group["steps"]
                ],
            }
            for group, colour in zip(groups, (ASKED, COMPARED), strict=True)
        ],
        "few": _are_few(*(group["entered"]["n"] for group in groups)),
    }


def _are_few(*numbers: int) -> bool:
    """Whether what one of them counts is too little to rely on a picture of it."""
    return any(n < FEWEST for n in numbers)


def _rate(found: Answer) -> dict[str, Any]:
    return {name: found[name] for name in ("value", "low", "high", "n")}


def identities(nodes: Sequence[Answer], edges: Sequence[Answer]) -> dict[str, Any]:
    """The ids of a customer and the edges at them; the ids of others that an edge names are `apart`."""
    own = {str(node["identity"]): node for node in nodes}
    shown = {
        key: {"id": key, "kind": node["kind"], "value": node["value"], "contested": bool(node["contested"])}
        for key, node in own.items()
    }
    drawn = []
    for edge in edges:
        if edge["retracted_at"] and not edge["is_last"]:
            continue
        for end, side in (("a", "from"), ("b", "to")):
            shown.setdefault(str(edge[end]), {"id": str(edge[end]), **edge[side], "apart": True})
        state = "retracted" if edge["retracted_at"] else "refused" if edge.get("refused") else "standing"
        drawn.append(
            {
                "source": str(edge["a"]),
                "target": str(edge["b"]),
                "rule": edge["rule"],
                "why": edge["why"],
                "at": edge["at"],
                "state": state,
            }
        )
    return {"nodes": list(shown.values()), "edges": drawn}


def came(answer: Answer, zone: ZoneInfo) -> dict[str, Any]:
    """Stacked columns of all that came: by people and robots, twice, or refused."""
    times = answer["times"]
    return _columns(
        answer,
        zone,
        [
            (tell("Accepted, people"), ASKED, [one["accepted"] - one["robots"] for one in times]),
            (tell("Accepted, robots"), ROBOTS, [one["robots"] for one in times]),
            (tell("Duplicates"), REST, [one["duplicates"] for one in times]),
            (tell("Refused"), WRONG, [one["refused"] for one in times]),
        ],
    )


def refused(answer: Answer, zone: ZoneInfo) -> dict[str, Any]:
    """Stacked columns of refused events: the most frequent reasons, then all others together."""
    times, codes = answer["times"], [*answer["reasons"]["refused"]]
    shown = codes[: len(REASON_COLOURS)]
    series = [
        (said_of(code).name, colour, [one["reasons"].get(code, 0) for one in times])
        for code, colour in zip(shown, REASON_COLOURS, strict=False)
    ]
    others = [sum(n for code, n in one["reasons"].items() if code not in shown) for one in times]
    return _columns(answer, zone, [*series, (tell("Other reasons"), REST, others)] if any(others) else series)


def remarkable(answer: Answer, zone: ZoneInfo) -> dict[str, Any]:
    """Columns side by side of the accepted events that are late, or break the tracking plan."""
    times = answer["times"]
    series = [
        ("Late", ASKED, [one["late"] for one in times]),
        (tell("Against the plan"), WRONG, [one["violations"] for one in times]),
    ]
    return _columns(answer, zone, series, stacked=False)


def robots(answer: Answer, zone: ZoneInfo) -> dict[str, Any]:
    """Columns of the events that robots sent."""
    return _columns(answer, zone, [(tell("Robots"), ROBOTS, [one["robots"] for one in answer["times"]])])


def lives(answer: Answer, zone: ZoneInfo) -> dict[str, Any]:
    """Stacked columns of the customers who were active, by where they came from."""
    parts = answer["parts"]
    series = [
        ("Returning", ASKED, [one["returning"] for one in parts]),
        ("New", "soft", [one["new"] for one in parts]),
        (tell("Back after a pause"), "fifth", [one["resurrected"] for one in parts]),
    ]
    return _columns({"unit": answer["by"], "times": [{"at": one["from"]} for one in parts]}, zone, series)


def _columns(
    answer: Answer, zone: ZoneInfo, series: list[tuple[str, str, list[int]]], *, stacked: bool = True
) -> dict[str, Any]:
    moments = [datetime.fromisoformat(one["at"]).astimezone(zone) for one in answer["times"]]
    hourly = answer["unit"] == "hour"
    return {
        "times": [f"{day(at, 'dd MMM')} {at:%H:%M}" if hourly else day(at, "EEE d MMM") for at in moments],
        "series": [{"name": name, "colour": colour, "values": values} for name, colour, values in series],
        "stacked": stacked,
    }
