"""The link of an invitation: who has an account joins, who has none makes one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import failures
from admin.deeds import deed
from admin.formats import sentence
from admin.login import enter, leave, signed_in
from admin.services import services
from store import audit, invitations
from store.invitations import Invitation
from store.users import User, UserError, create_user, user_by_email
from store.words import filled, tell

pages = Blueprint("invitations", __name__, url_prefix="/invitation")


@pages.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """What the link invites to."""
    found = _found(token)
    return _page(found, token) if found else _over()


@pages.post("/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Join, with a new account where there is none of that address."""
    given, found = services(), _found(token)
    if found is None:
        return _over()
    user = signed_in()
    if user is None or user.email != found.email:
        if user_by_email(given.engine, found.email):
            leave()
            return redirect(url_for("sign_in.show", next=url_for("invitations.show", token=token)))
        try:
            user = _made(found)
        except UserError as error:
            return _page(found, token, problems={"password": sentence(error)}), 422
    return _joined(found, user)


def _made(found: Invitation) -> User:
    given, form = services(), request.form
    return create_user(
        given.engine,
        email=found.email,
        name=form.get("name", "").strip()[:200],
        password=form.get("password", ""),
        now=given.clock(),
    )


def _joined(found: Invitation, user: User) -> ResponseReturnValue:
    given, now = services(), services().clock()
    if not invitations.accept(given.engine, found, user.id, now=now):
        return _over()
    address, how = request.remote_addr or "", {"role": found.role, "by": found.created_by}
    did = filled(deed("joined as %(role)s, invited by %(by)s"), how)
    audit.record(given.engine, found.project_id, by=user.email, did=did, address=address, now=now)
    if signed_in() != user:
        enter(user)
    flash(tell("Welcome to %(project_name)s.", project_name=found.project_name))
    return redirect(url_for("journeys.show", project=found.project_key))


def _found(token: str) -> Invitation | None:
    return invitations.invitation(services().engine, token, now=services().clock())


def _page(found: Invitation, token: str, *, problems: dict[str, str] | None = None) -> str:
    has_account = user_by_email(services().engine, found.email) is not None
    return render_template(
        "invitations/page.html",
        invitation=found,
        token=token,
        has_account=has_account,
        values=request.form.to_dict(),
        problems=problems or {},
    )


def _over() -> ResponseReturnValue:
    return failures.page(
        tell("This invitation is over"),
        tell("It was taken, taken back or has expired. Ask for another one."),
        404,
    )
