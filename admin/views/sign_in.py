"""The way in and out, and the front page that leads to the first project."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.access import to_sign_in
from admin.login import TooManyTries, half_way, leave, safe_target, signed_in, try_code, try_sign_in
from admin.services import services
from store.users import count_users, projects_of
from store.words import tell

pages = Blueprint("sign_in", __name__)


@pages.get("/")
def front() -> ResponseReturnValue:
    """Lead to set-up, to sign-in, or to the first project of the person."""
    user = signed_in()
    if user is None:
        return redirect(url_for("setup.show")) if count_users(services().engine) == 0 else to_sign_in()
    theirs = projects_of(services().engine, user.id)
    if not theirs:
        return render_template("sign_in/no_project.html")
    return redirect(url_for("journeys.show", project=theirs[0][0].key))


@pages.get("/sign-in")
def show() -> ResponseReturnValue:
    """The form; who is signed in already goes on."""
    target = safe_target(request.args.get("next"))
    if signed_in():
        return redirect(target)
    if count_users(services().engine) == 0:
        return redirect(url_for("setup.show"))
    return render_template("sign_in/form.html", target=target, email="", problem=None)


@pages.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Check the password; a wrong one and an unknown address get the same answer."""
    email, target = request.form.get("email", ""), safe_target(request.form.get("next"))
    status, problem = 422, tell("This e-mail address and password do not belong together.")
    try:
        user = try_sign_in(services(), email, request.form.get("password", ""))
        if user and user.has_second_factor:
            return redirect(url_for("sign_in.ask_code", next=target))
        if user:
            return redirect(target)
    except TooManyTries as error:
        status, problem = 429, str(error)
    return render_template("sign_in/form.html", target=target, email=email, problem=problem), status


@pages.get("/sign-in/code")
def ask_code() -> ResponseReturnValue:
    """The form for the code, once the password was right."""
    target = safe_target(request.args.get("next"))
    if half_way() is None:
        return redirect(url_for("sign_in.show", next=target))
    return render_template("sign_in/code.html", target=target, problem=None)


@pages.post("/sign-in/code")
def enter_code() -> ResponseReturnValue:
    """Check the code."""
    target, user = safe_target(request.form.get("next")), half_way()
    if user is None:
        return redirect(url_for("sign_in.show", next=target))
    status, problem = 422, tell("This code is not right, or was used already. Wait for the next one.")
    try:
        if try_code(services(), user, request.form.get("code", "")):
            return redirect(target)
    except TooManyTries as error:
        status, problem = 429, str(error)
    return render_template("sign_in/code.html", target=target, problem=problem), status


@pages.post("/sign-out")
def out() -> ResponseReturnValue:
    """End the session."""
    leave()
    return redirect(url_for("sign_in.show"))
