"""A page whose report takes long: there at once, with how far it is and a way to cancel it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from flask import current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from admin.services import services
from admin.waiting import Job
from store.event_errors import NotEnoughMemory
from store.work import Cancelled, MustAsk, Progress, Work, WorkEnded

SILENT_MS = 15_000  # without a word of it, who computes elsewhere is taken to be gone, or out of reach
T = TypeVar("T")


@dataclass(frozen=True)
class Spot:
    """Where on a page an answer stands that may take long.

    `page` is the page without it, `part` what stands there until it comes, in the element `id`. It comes by
    asking again, and then what `select` finds is put in the place of `target`.
    """

    page: str = "journey/waiting.html"
    part: str = "journey/waiting_part.html"
    id: str = "report"
    target: str = "#report"
    select: str = "#report"
    swap: str = "outerHTML"

    @property
    def progress(self) -> str:
        """All that changes while one waits: the button stays, with its focus."""
        return f"#{self.id}-progress"


REPORT = Spot()
WHOLE_PAGE = Spot("waiting.html", target="#main", select="#main > *", swap="innerHTML")


def shown(
    compute: Callable[[], T],
    draw: Callable[[T], str],
    *,
    owner: int,
    work: Work,
    spot: Spot = REPORT,
    **frame: Any,
) -> ResponseReturnValue:
    """Draw what is computed; where that takes long, the `frame` that asks again until it is there.

    `owner` is the person who waits, `work` what the questions are asked for. `compute` runs in a thread of
    its own, without the request; here, where all places are taken and it is known already.
    """
    given, name = services(), request.values.get("work", "")
    desk, refreshes = given.waiting, request.path if _is_refresh() else ""
    job = desk.of(name, owner) or desk.refreshing(refreshes, owner)
    if job is None and _is_at_it_elsewhere(name):
        return "", HTTPStatus.NO_CONTENT
    try:
        if job is None:
            with suppress(MustAsk):
                return draw(desk.known(owner, work, compute))
            job = desk.begin(owner, work, given.events, compute, refreshes=refreshes)
        if _cannot_ask_again():
            desk.only_at_once(job)
        elif not desk.is_ready(job, patiently=_is_in_place()):
            return ("", HTTPStatus.NO_CONTENT) if refreshes else _waiting(job, spot, frame)
        return draw(desk.taken(job))
    except (WorkEnded, NotEnoughMemory) as ended:
        return _ended(ended.said, spot, frame, is_cancelled=isinstance(ended, Cancelled))
    except Exception as error:  # the page is there already: a page of its own for the failure has no place
        if not _is_part():
            raise
        told = make_response(current_app.handle_user_exception(error))
        return _ended(told.get_data(as_text=True).rstrip("."), spot, frame)


def _is_at_it_elsewhere(name: str) -> bool:
    """Whether another process computes what is asked for again, so that this one leaves it to that.

    The page says when it last heard of it. Where that is a while ago it is ended there, and begun here.
    """
    given = services()
    if given.events.embedded or not given.waiting.is_elsewhere(name):
        return False
    if _is_part() and given.clock() - request.values.get("heard", 0, type=int) < SILENT_MS:
        return True
    given.waiting.cancel_elsewhere(name, given.events)
    return False


def _waiting(job: Job, spot: Spot, frame: dict[str, Any]) -> ResponseReturnValue:
    desk = services().waiting
    before = desk.before(job)
    again = [*_asked(), ("work", job.work.name)]
    progress = job.progress if before is None else Progress(0, 0)
    state: dict[str, Any] = {"job": job, "before": before, "seconds": desk.seconds(job), "progress": progress}
    state |= {"again": again, "spot": spot, "heard": services().clock()}
    page = render_template(_template(spot), **frame, **state)
    if not _asks_again():
        return page, {}
    is_the_same = job.work.name == request.values.get("work")  # else the page has to wait for another one
    return page, _instead(spot.progress if is_the_same else f"#{spot.id}")


def _ended(why: str, spot: Spot, frame: dict[str, Any], *, is_cancelled: bool = False) -> ResponseReturnValue:
    state = {"job": None, "ended": why, "is_cancelled": is_cancelled, "spot": spot, "again": _asked()}
    page = render_template(_template(spot), **frame, **state)
    return page, 200 if _is_part() else 503, _instead(f"#{spot.id}") if _asks_again() else {}


def _asked() -> list[tuple[str, str]]:
    """What the address asks for, without how it is waited for."""
    how = ("work", "heard", "refresh")
    return [(one, value) for one, value in request.args.items(multi=True) if one not in how]


def _template(spot: Spot) -> str:
    return spot.part if _is_part() else spot.page


def _instead(place: str) -> dict[str, str]:
    """The headers that put a part of the answer in the place of the same part of the page."""
    return {"HX-Retarget": place, "HX-Reselect": place, "HX-Reswap": "outerHTML"}


def _is_part() -> bool:
    """Whether the page is there, and only a part of it is asked for."""
    return bool(request.headers.get("HX-Request")) and not _is_in_place()


def _is_in_place() -> bool:
    """Whether a page is asked for that takes the place of the one that is there, and shown until then."""
    return bool(request.headers.get("HX-Boosted"))


def _is_refresh() -> bool:
    """Whether an answer stands there already, and stays until a later refresh finds the next one ready."""
    return _is_part() and "refresh" in request.args


def _cannot_ask_again() -> bool:
    """Whether a form is sent without a script, which holds its page up until the answer is there."""
    return request.method == "POST" and not request.headers.get("HX-Request")


def _asks_again() -> bool:
    """Whether that part waits already."""
    return _is_part() and bool(request.values.get("work"))
