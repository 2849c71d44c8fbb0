"""Refused merges and what is answered to them; every answer says first what it changes, and can be undone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import answers, exports, refused_merges
from admin.access import SEVERAL, Place, did, needs
from admin.answers import Answer
from admin.deeds import deed
from admin.services import services
from store.words import tell

pages = Blueprint("identities", __name__, url_prefix="/p/<project>/identities")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The refused merges, page by page."""
    reason, after = request.args.get("reason", ""), request.args.get("after", type=_number)
    found = refused_merges.page(services(), place.project.id, reason=reason, after=after)
    return render_template("identities/page.html", **found, reason=reason, after=after)


@pages.get("/refused.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """All of them as a file."""
    rows = refused_merges.every(services(), place.project.id, request.args.get("reason", ""))
    return exports.csv_file(f"{place.project.key}-refused-merges", exports.refused(rows))


@pages.get("/answer")
@needs("editor")
def ask(place: Place) -> ResponseReturnValue:
    """What an answer would change, with the button that gives it."""
    answer, back = _answer(request.args), _back(request.args)
    if answer is None or answer.do not in answers.ACTS:
        abort(404)
    given = services()
    sides = refused_merges.named(given, place.project.id, (answer.a, answer.b))
    if len(sides) < len({answer.a, answer.b}):
        abort(404)
    return render_template(
        "identities/answer.html",
        question=tell(answers.ACTS[answer.do].question),
        sides=sides,
        choices=[_choice(place, one, sides) for one in _choices(answer)],
        back=back,
        back_to=_to(place, back),
    )


@pages.post("/answer")
@needs("editor", does=SEVERAL)
def give(place: Place) -> ResponseReturnValue:
    """Give an answer, or take the last one back, and offer the way back."""
    answer, back = _answer(request.form), _back(request.form)
    if answer is None:
        abort(400)
    answers.give(services(), place.project, answer, by=place.user.email)
    did(place, deed("%(do)s of the identities %(a)s and %(b)s"), do=answer.do, a=answer.a, b=answer.b)
    undo = answers.undo_of(answer)
    text = answers.done(answer)
    flash({"text": text, "undo": undo | {"back": back}} if undo else text)  # type: ignore[arg-type]
    return redirect(_to(place, back))


def _choices(answer: Answer) -> list[Answer]:
    """A block of two ids leaves open which of them is meant."""
    if answer.do == "block" and answer.a != answer.b:
        return [answer, Answer(answer.do, answer.b, answer.a)]
    return [answer]


def _choice(place: Place, answer: Answer, sides: list[refused_merges.Side]) -> dict[str, Any]:
    found = answers.preview(services(), place.project.id, answer)
    label = tell(answers.ACTS[answer.do].label)
    named = next(side for side in sides if side.identity == answer.a)
    return {
        "answer": answer,
        "title": f"{named.kind} {named.value}"
        if answer.do in ("block", "unblock")
        else tell("What it changes"),
        "told": answers.told(found, answer),
        "label": label,
        "about": named.value,
        "possible": found is not None or answer.do == "keep-apart",
    }


def _answer(given: Any) -> Answer | None:
    a, b = given.get("a", type=_number), given.get("b", type=_number)
    do = given.get("do", "")
    known = do in answers.ACTS or do == answers.TAKE_BACK
    return Answer(do, a, b) if known and a is not None and b is not None else None


def _back(given: Any) -> str:
    """The customer whose page to go on at; empty for the list of refused merges."""
    return str(given.get("back", "", type=_number) or "")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        raise ValueError(text)
    return int(text)


def _to(place: Place, back: str) -> str:
    if back:
        return url_for("customers.one", project=place.project.key, customer=int(back))
    return url_for("identities.show", project=place.project.key)
