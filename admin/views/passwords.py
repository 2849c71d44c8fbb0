"""A new password for somebody who has forgotten it: a letter with a link, and the page that it opens."""

from __future__ import annotations

from functools import partial

from flask import (
    Blueprint,
    copy_current_request_context,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from admin import failures, mail
from admin.formats import sentence
from admin.login import TooManyTries, asks_too_often
from admin.services import Services, services
from store import password_resets
from store.users import UserError, user_by_email
from store.words import tell

pages = Blueprint("passwords", __name__, url_prefix="/password")


@pages.get("")
def forgotten() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("passwords/forgotten.html", is_sent=False, sends=bool(services().send_mail))


@pages.post("")
def send() -> ResponseReturnValue:
    """Send a link to the address if it is somebody's; the answer is the same if it is nobody's."""
    given, email = services(), request.form.get("email", "")
    if given.send_mail is None:
        return redirect(url_for("passwords.forgotten"))
    try:
        asks_too_often(given, f"new password of {email}")
    except TooManyTries as error:
        return failures.page(tell("Please wait"), str(error), 429)
    answer = make_response(render_template("passwords/forgotten.html", is_sent=True, sends=True))
    # Only behind the answer, whose time would tell whether there is such a person.
    answer.call_on_close(copy_current_request_context(partial(_send_link, given, email)))
    return answer


def _send_link(given: Services, email: str) -> None:
    if user := user_by_email(given.engine, email):
        token = password_resets.allow(given.engine, user.id, now=given.clock())
        link = given.settings.address + url_for("passwords.choose", token=token)
        mail.new_password(given, user.email, link)


@pages.get("/<token>")
def choose(token: str) -> ResponseReturnValue:
    """The form for the new password."""
    user = password_resets.allowed(services().engine, token, now=services().clock())
    return render_template("passwords/choose.html", token=token, user=user, problem="") if user else _over()


@pages.post("/<token>")
def change(token: str) -> ResponseReturnValue:
    """Keep the new password; all sign-ins of the person end."""
    given, password = services(), request.form.get("password", "")
    try:
        user = password_resets.choose(given.engine, token, password, now=given.clock())
    except UserError as error:
        problem = sentence(error)
        who = password_resets.allowed(given.engine, token, now=given.clock())
        return render_template("passwords/choose.html", token=token, user=who, problem=problem), 422
    if user is None:
        return _over()
    flash(tell("The password is changed. Please sign in with it."))
    return redirect(url_for("sign_in.show"))


def _over() -> ResponseReturnValue:
    return failures.page(
        tell("This link is over"), tell("It was used or has expired. Ask for another one."), 404
    )
