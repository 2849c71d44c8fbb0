"""A yearly plan on its way to the next year: reminder, invoice, and the card that may have expired."""

from server.demo.backoffice import Subscription, bill, note
from server.demo.browser import Visit
from server.demo.calendar import DAY
from server.demo.people import Person
from server.demo.planted import EXPIRED_CARD
from server.demo.support import ask
from server.demo.usage import sign_in
from server.demo.world import Message, World

REMINDED_DAYS = 30
INVOICED_DAYS = 7
CANCELS = 0.07
GIVEN_UP_DAYS = 20


def come_up(world: World, person: Person, *, due: int, plan: str) -> None:
    """Follow one renewal that is due at a moment."""
    reminded = due - REMINDED_DAYS * DAY
    mailing: Message = {"template": "renewal", "channel": "email"}
    note(world, reminded, person.user_id, "Renewal Reminder Sent", mailing)
    _consider(world, person, reminded=reminded, mailing=mailing)
    if world.chance(CANCELS):
        _cancel(world, reminded + world.hours(150.0, 0.7, most=20 * 24), person, "customer")
        return
    invoiced = due - INVOICED_DAYS * DAY
    invoice: Message = {"plan": plan, "reason": "renewal", "channel": "billing"}
    note(world, invoiced, person.user_id, "Invoice Sent", invoice)
    _collect(world, person, due=due, plan=plan)


def _consider(world: World, person: Person, *, reminded: int, mailing: Message) -> None:
    """Read the mail, look at the plan, ask: each perhaps, and none changes the end."""
    at = reminded
    if world.chance(0.62):
        at = reminded + world.hours(6.0, 1.2, most=96)
        note(world, at, person.user_id, "Email Opened", mailing)
        if world.chance(0.6):
            at = world.after(at, 60_000, person.place)
            visit = Visit(world, world.rng.choice(person.browsers), at=at)
            sign_in(visit, person)
            visit.page("/app/billing", 60)
            visit.track("Plan Reviewed", {"channel": "web"})
            at = visit.at
    if world.chance(0.14):
        asked = world.after(at, world.hours(20.0, 1.0, most=8 * 24), person.place)
        channel = "phone" if world.chance(0.5) else "chat"
        ask(world, person, at=asked, topic="renewal", channel=channel)


def _collect(world: World, person: Person, *, due: int, plan: str) -> None:
    """Charge the card on the day; where it is refused, wait for a new one and give up in the end."""
    cause = EXPIRED_CARD
    refused = world.chance(cause.share)
    paid_at = due
    if refused:
        failure: Message = {"cause": "card_expired", "reason": "renewal", "channel": "billing"}
        note(world, due, person.user_id, "Payment Failed", failure)
        late_hours = ((cause.hours or 0.0) - (cause.hours_elsewhere or 0.0)) or 1.0
        paid_at = due + world.hours(late_hours, 0.7, most=19 * 24)
    if world.chance(cause.rate if refused else cause.rate_elsewhere):
        renewed = Subscription(person.user_id, plan, True, person.place.currency)
        bill(world, renewed, at=paid_at, reason="renewal")
    elif world.chance(0.5):
        _cancel(world, due + GIVEN_UP_DAYS * DAY, person, "unpaid")


def _cancel(world: World, at: int, person: Person, why: str) -> None:
    cancelled: Message = {"cause": why, "channel": "billing"}
    note(world, at, person.user_id, "Subscription Cancelled", cancelled)
