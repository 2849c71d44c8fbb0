"""A page whose report takes long: there at once, with how far it is and a way to cancel it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from admin.services import services
from admin.waiting import Job
from store.work import Cancelled, Work, WorkEnded

T = TypeVar("T")
PROGRESS = "#report-progress"  # all that changes while one waits: the button stays, with its focus


def shown(
    compute: Callable[[], T], draw: Callable[[T], str], *, owner: int, work: Work, **frame: Any
) -> ResponseReturnValue:
    """Draw what is computed; where that takes long, the `frame` that asks again until it is there.

    `owner` is the person who waits, `work` what the questions are asked for. `compute` runs in a thread of
    its own, without the request.
    """
    given, name = services(), request.args.get("work", "")
    desk = given.waiting
    job = desk.of(name, owner)
    if job is None and not name:
        job = desk.begin(owner, work, given.events, compute)
    try:
        if job is None:  # too many, or another process was at it: wait as long as it takes
            return draw(compute())
        return draw(desk.taken(job)) if desk.is_ready(job) else _waiting(job, frame)
    except WorkEnded as ended:
        return _ended(str(ended), frame, is_cancelled=isinstance(ended, Cancelled))
    except Exception as error:  # the page is there already: a page of its own for the failure has no place
        if not _is_part():
            raise
        told = make_response(current_app.handle_user_exception(error))
        return _ended(told.get_data(as_text=True).rstrip("."), frame)


def _waiting(job: Job, frame: dict[str, Any]) -> ResponseReturnValue:
    seconds = services().waiting.seconds(job)
    asked = [(one, value) for one, value in request.args.items(multi=True) if one != "work"]
    again = [*asked, ("work", job.work.name)]
    state = {"job": job, "seconds": seconds, "progress": job.progress, "again": again}
    page = render_template(_template(), **frame, **state)
    return page, {"HX-Retarget": PROGRESS, "HX-Reselect": PROGRESS} if _is_part() else {}


def _ended(why: str, frame: dict[str, Any], *, is_cancelled: bool = False) -> ResponseReturnValue:
    status = 200 if _is_part() else 503
    state = {"job": None, "ended": why, "is_cancelled": is_cancelled}
    return render_template(_template(), **frame, **state), status


def _template() -> str:
    return "journey/waiting_part.html" if _is_part() else "journey/waiting.html"


def _is_part() -> bool:
    """Whether the page is there and only asks again."""
    return bool(request.headers.get("HX-Request"))
