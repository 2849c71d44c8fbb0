"""Privacy: a customer's export and erasure, receipts, who may not come back, how long events are kept."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import privacy
from admin.access import SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.services import services
from journeys.export import is_known
from store.privacy.erasure import NotErasable, Whom, erasure_of, erasures_of, find_whom
from store.privacy.retention import Report, reports_of
from store.privacy.suppression import NotLifted, suppressed_count
from store.rules import rules_of
from store.words import tell

pages = Blueprint("erasure", __name__, url_prefix="/p/<project>")


@pages.get("/customers/<int:customer>/export.json")
@needs("editor")
def export(place: Place, customer: int) -> ResponseReturnValue:
    """Everything that is kept of a customer, as a file."""
    given = services()
    if customer >= 2**63 or not is_known(given.events, given.ledger, place.project.id, customer):
        abort(404)
    return privacy.download(given, place.project, customer)


@pages.get("/customers/<int:customer>/erase")
@needs("admin")
def ask(place: Place, customer: int) -> ResponseReturnValue:
    """What erasing would delete, and the question whether to."""
    if privacy.is_erased(services(), place.project, customer):
        return _erased()
    return _question(place, customer)


@pages.post("/customers/<int:customer>/erase")
@needs("admin", does=deed("began the erasure of customer %(customer)s"))
def erase(place: Place, customer: int) -> ResponseReturnValue:
    """Erase a customer whose id was typed."""
    if privacy.is_erased(services(), place.project, customer):
        return _erased()
    whom = _whom(place, customer)
    if not isinstance(whom, Whom) or request.form.get("typed", "").strip() != whom.name:
        return _question(
            place, customer, problem=tell("This is not the id; type it as it stands above.")
        ), 422
    rewrite = request.form.get("rewrite") == "on"
    privacy.erase(services(), place.project, whom, by=place.user.email, rewrite=rewrite)
    flash(tell("The erasure has begun. From now on nothing of this customer is counted any more."))
    return redirect(url_for("erasure.show", project=place.project.key))


@pages.get("/settings/privacy")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """Retention, erasures with their receipts, suppressed ids."""
    return _page(place)


@pages.post("/settings/privacy/retention")
@needs("admin", does=SEVERAL)
def retention(place: Place) -> ResponseReturnValue:
    """Say what other days would delete, or keep them."""
    typed = request.form.get("days", "").strip() or "0"
    if not (typed.isascii() and typed.isdigit() and len(typed) < 6 and int(typed) <= privacy.MOST_DAYS):
        wrong = tell(
            "Write a whole number of days up to %(most_days)s, or nothing.", most_days=privacy.MOST_DAYS
        )
        return _page(place, typed=typed, problems={"days": wrong}), 422
    days = int(typed)
    if request.form.get("do") != "save":
        return _page(place, typed=typed, foreseen=_foreseen(place, days))
    privacy.keep_for(services(), place.project, days, by=place.user.email)
    if days:
        did(place, deed("changed the retention to %(days)s days"), days=days)
    else:
        did(place, deed("changed the retention to the usual"))
    flash(tell("The retention is kept. What is older is deleted once a day."))
    return redirect(url_for("erasure.show", project=place.project.key))


@pages.post("/settings/privacy/lift")
@needs("admin", does=deed("lifted the suppression of an erased %(kind)s id"))
def lift(place: Place) -> ResponseReturnValue:
    """Let somebody who was erased come back."""
    kind, value = request.form.get("kind", "user"), request.form.get("value", "")
    try:
        lifted = privacy.lift_by_id(services(), place.project, kind, value, by=place.user.email)
    except NotLifted as error:
        return _page(place, problems={"value": str(error)}), 422
    if not lifted:
        return _page(
            place, problems={"value": tell("No such id is suppressed. Write it as it was sent.")}
        ), 422
    flash(tell("Lifted for all ids that were erased together: their events are counted from now on."))
    return redirect(url_for("erasure.show", project=place.project.key))


@pages.get("/settings/privacy/receipts/<int:erasure>.json")
@needs("admin")
def receipt(place: Place, erasure: int) -> ResponseReturnValue:
    """The receipt of an erasure as a file."""
    found = erasure_of(services().engine, place.project.id, erasure) if erasure < 2**63 else None
    if found is None or found.receipt is None:
        abort(404)
    text = msgspec.json.format(msgspec.json.encode(found.receipt), indent=2)
    name = f"{place.project.key}-erasure-{erasure}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text + b"\n", mimetype="application/json", headers=headers)


def _erased() -> ResponseReturnValue:
    """A page of before the erasure, perhaps one that was opened twice, asks for it again."""
    return render_template("customers/erased.html"), 410


def _question(place: Place, customer: int, *, problem: str = "") -> str:
    whom = _whom(place, customer)
    counts = services().count_customer(place.project.id, whom) if isinstance(whom, Whom) else {}
    problems = {"typed": problem} if problem else {}
    return render_template(
        "customers/erase.html", customer=str(customer), whom=whom, counts=counts, problems=problems
    )


def _whom(place: Place, customer: int) -> Whom | str:
    """Whom the number means, or why that one cannot be erased."""
    given = services()
    if customer >= 2**63:
        abort(404)
    try:
        whom = find_whom(given.events, given.ledger, place.project.id, customer)
    except NotErasable as error:
        return str(error)
    return whom or abort(404)


def _foreseen(place: Place, days: int) -> Report:
    """What these days would delete, where 0 means what the installation says."""
    return privacy.would_delete_now(services(), place.project, days)


def _page(place: Place, *, typed: str = "", problems: dict[str, str] | None = None, **more: Any) -> str:
    given = services()
    own = rules_of(given.engine, place.project.id).retention_days
    return render_template(
        "privacy/page.html",
        days="" if typed == "0" else typed or str(own or ""),
        own=own,
        installation_days=given.settings.retention_days,
        reports=reports_of(given.engine, place.project.id),
        erasures=erasures_of(given.engine, place.project.id),
        in_words=privacy.stage_in_words,
        suppressed=suppressed_count(given.engine, place.project.id),
        problems=problems or {},
        **more,
    )
