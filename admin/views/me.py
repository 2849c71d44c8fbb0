"""A person's own page: the weekly digest, password, second factor, and where they are signed in."""

from __future__ import annotations

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from admin import digest
from admin.access import Place, needs
from admin.deeds import deed
from admin.formats import sentence
from admin.login import SIGN_IN, TooManyTries, enter, is_password
from admin.long_reports import Spot, shown
from admin.services import services
from store import digests, second_factor, sign_ins
from store.projects import hashed
from store.users import UserError, set_password
from store.words import tell

pages = Blueprint("me", __name__, url_prefix="/p/<project>/me")
DIGEST = Spot(page="digest/page.html")
OFFERED = "offered_secret"


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The page."""
    return _page(place)


@pages.post("/password")
@needs("viewer", does=deed("changed their password"))
def password(place: Place) -> ResponseReturnValue:
    """Change the password; other browsers are signed out."""
    if problem := _not_me(place, request.form.get("old", "")):
        return _page(place, problems={"old": problem}), 422
    try:
        set_password(services().engine, place.user.email, request.form.get("password", ""))
    except UserError as error:
        return _page(place, problems={"password": sentence(error)}), 422
    enter(place.user)
    flash(tell("The password is changed, and every other browser is signed out."))
    return _back(place)


@pages.post("/second-factor")
@needs("viewer", does=deed("turned their second factor on"))
def turn_on(place: Place) -> ResponseReturnValue:
    """Ask for codes from now on, once the first one was right; shows the recovery codes this once."""
    given, secret = services(), session.get(OFFERED, "")
    if problem := _not_me(place, request.form.get("old", "")):
        return _page(place, problems={"factor": problem}), 422
    code = request.form.get("code", "")
    codes = second_factor.turn_on(given.engine, place.user.id, secret, code, now=given.clock())
    if codes is None:
        return _page(
            place, problems={"code": tell("This code does not belong to the picture. Try the next one.")}
        ), 422
    session.pop(OFFERED, None)
    return _page(place, codes=codes, is_on=True)


@pages.post("/second-factor/off")
@needs("viewer", does=deed("turned their second factor off"))
def turn_off(place: Place) -> ResponseReturnValue:
    """Ask for no codes any more."""
    if problem := _not_me(place, request.form.get("old", "")):
        return _page(place, problems={"factor": problem}), 422
    second_factor.turn_off(services().engine, place.user.id)
    flash(tell("Sign-in asks for the password alone from now on."))
    return _back(place)


@pages.post("/sign-ins/<int:number>/end")
@needs("viewer", does=deed("signed a browser of theirs out"))
def end_one(place: Place, number: int) -> ResponseReturnValue:
    """Sign another browser out."""
    if not sign_ins.end_one(services().engine, place.user.id, number):
        abort(404)
    flash(tell("That browser is signed out."))
    return _back(place)


@pages.post("/sign-ins/end")
@needs("viewer", does=deed("signed their other browsers out"))
def end_others(place: Place) -> ResponseReturnValue:
    """Sign all other browsers out."""
    sign_ins.end_all(services().engine, place.user.id, but=session[SIGN_IN])
    flash(tell("Every other browser is signed out."))
    return _back(place)


@pages.get("/digest")
@needs("viewer")
def next_digest(place: Place) -> ResponseReturnValue:
    """What the next digest says so far, or what the last one was to say."""
    given, zone, now = services(), place.project.zone, services().moment(place.project.id)
    monday, work = digest.next_monday(zone, now=now), given.work()
    is_last = request.args.get("week") == "last"
    events, week = given.events.asked_for(work), monday - digest.WEEK if is_last else monday
    told = {
        "is_last": is_last,
        "sent_at": digest.sent_at(monday, zone),
        "is_reader": digests.is_reader(given.engine, place.user.id, place.project.id),
        "sends": given.send_mail is not None,
    }

    def compute() -> digest.Digest:
        address, answers = given.settings.address, given.answers
        return digest.compose(
            given.engine, events, place.project, week, address=address, now=now, answers=answers
        )

    def draw(written: digest.Digest) -> str:
        return render_template("digest/page.html", digest=written, **told)

    return shown(compute, draw, owner=place.user.id, work=work, spot=DIGEST, **told)


@pages.post("/digest")
@needs("viewer", does=deed("asked for the weekly digest"))
def have_digest(place: Place) -> ResponseReturnValue:
    """Get the digest from the next Monday on."""
    given = services()
    digests.subscribe(given.engine, place.user.id, place.project.id, now=given.clock())
    flash(
        tell(
            "The weekly digest of %(project_name)s will go to %(email)s.",
            project_name=place.project.name,
            email=place.user.email,
        )
    )
    return _back(place)


@pages.post("/digest/stop")
@needs("viewer", does=deed("stopped their weekly digest"))
def stop_digest(place: Place) -> ResponseReturnValue:
    """Get no more digests of this project."""
    digests.unsubscribe(services().engine, place.user.id, place.project.id)
    flash(tell("You get no more digests of %(project_name)s.", project_name=place.project.name))
    return _back(place)


def _not_me(place: Place, typed: str) -> str:
    """Why the present password was not given right; '' where it was."""
    try:
        return (
            "" if is_password(services(), place.user, typed) else tell("This is not your present password.")
        )
    except TooManyTries as error:
        return str(error)


def _back(place: Place) -> ResponseReturnValue:
    return redirect(url_for("me.show", project=place.project.key))


def _page(
    place: Place,
    *,
    problems: dict[str, str] | None = None,
    codes: list[str] | None = None,
    is_on: bool = False,
) -> str:
    given, is_on = services(), is_on or place.user.has_second_factor
    return render_template(
        "settings/me.html",
        problems=problems or {},
        codes=codes or [],
        is_on=is_on,
        offered={} if is_on else _offer(place),
        here=hashed(session[SIGN_IN]),
        is_reader=digests.is_reader(given.engine, place.user.id, place.project.id),
        sends=given.send_mail is not None,
        next_digest=digest.sent_at(
            digest.next_monday(place.project.zone, now=given.clock()), place.project.zone
        ),
        sign_ins=sign_ins.sign_ins_of(given.engine, place.user.id, now=given.clock()),
    )


def _offer(place: Place) -> dict[str, str]:
    """A secret for this browser to begin with, as text and as a picture for a camera."""
    secret = session.setdefault(OFFERED, second_factor.new_secret())
    picture = segno.make(second_factor.address(secret, place.user.email))
    drawn = picture.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return {"secret": secret, "picture": Markup(drawn)}  # noqa: S704 - made of squares alone
