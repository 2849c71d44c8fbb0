"""What a version of a journey changes, in sentences that name what was and what is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from journeys.definitions import lean
from store.words import Spoken, tell

Part = Mapping[str, Any]
NAMES = Spoken(
    {
        "name": "the name",
        "goal": "the goal in words",
        "idle_timeout": "how long a run may rest",
        "window": "how long a run may take",
        "fail_on": "what fails a run",
        "population": "who may enter",
        "case_key": "what tells cases apart",
        "owner": "the owner",
        "order": "the order of steps",
        "runs_of": "who makes a run",
    }
)
OF_STEP = Spoken(
    {
        "name": "its name",
        "stage": "its stage",
        "match": "what takes it",
        "optional": "whether it is optional",
        "within": "the time it may take",
    }
)
MEANS_NOTHING = ("name", "goal", "owner", "stage")  # for who takes which step: runs are the same


def changes(old: Part, new: Part) -> list[str]:
    """The differences of two definitions; none where they say the same."""
    before, now = lean(old), lean(new)
    return [*_steps(before["steps"], now["steps"]), *_differences(before, now, NAMES)]


def counts_alike(old: Part, new: Part) -> bool:
    """Whether both find the same runs: they differ in names and words alone."""
    return _counting(old) == _counting(new)


def _steps(old: Sequence[Part], new: Sequence[Part]) -> Iterator[str]:
    before, now = ({step["key"]: step for step in steps} for steps in (old, new))
    yield from (tell("step “%(name)s” is gone", name=before[key]["name"]) for key in before if key not in now)
    for place, step in enumerate(new):
        if step["key"] not in before:
            where = (
                tell("after “%(name)s”", name=new[place - 1]["name"]) if place else tell("at the beginning")
            )
            yield tell(
                "step “%(name)s” is new, %(where)s: %(match)s",
                name=step["name"],
                where=where,
                match=_said(step.get("match")),
            )
    kept = [[key for key in one if key in other] for one, other in ((before, now), (now, before))]
    if kept[0] != kept[1]:
        named = ", ".join(f"“{now[key]['name']}”" for key in kept[1])
        yield tell("steps are in another order: %(named)s", named=named)
    for key in kept[1]:
        told = _differences(before[key], now[key], OF_STEP)
        yield from (tell("step “%(name)s”: %(change)s", name=now[key]["name"], change=one) for one in told)


def _differences(old: Part, new: Part, names: Mapping[str, str]) -> Iterator[str]:
    for name, said in names.items():
        if old.get(name) != new.get(name):
            yield tell(
                "%(what)s was %(before)s and is %(now)s",
                what=said,
                before=_said(old.get(name)),
                now=_said(new.get(name)),
            )


def _said(value: Any) -> str:
    if value is None:
        return tell("not said")
    if isinstance(value, bool):
        return tell("yes") if value else tell("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _counting(definition: Part) -> Part:
    told = lean(definition)
    steps = [{name: one for name, one in step.items() if name not in MEANS_NOTHING} for step in told["steps"]]
    return {**{name: one for name, one in told.items() if name not in MEANS_NOTHING}, "steps": steps}
