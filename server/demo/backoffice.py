"""The server side of the demo: what billing, telephone and support desk report about a known user."""

from dataclasses import dataclass

from server.demo.people import Person
from server.demo.world import Message, World

CONTEXT: Message = {"library": {"name": "waywiser-python", "version": "0.1.0"}}
PRICES = {"starter": 19, "team": 49, "business": 129}


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an account pays for, and in which currency."""

    user_id: str
    plan: str
    yearly: bool
    currency: str


def note(world: World, at: int, user_id: str, event: str, properties: Message) -> None:
    """Report one thing that happened; such messages carry the user id alone."""
    message: Message = {
        "type": "track",
        "event": event,
        "userId": user_id,
        "properties": properties,
        "context": CONTEXT,
    }
    world.log.append((at, message, None))


def bill(world: World, subscription: Subscription, *, at: int, reason: str) -> None:
    """Report a paid invoice; `reason` is `first`, `cycle` or `renewal`."""
    amount = PRICES[subscription.plan] * (10 if subscription.yearly else 1)
    properties: Message = {
        "invoice": f"INV-{next(world.invoices)}",
        "amount": amount,
        "revenue": amount,
        "currency": subscription.currency,
        "plan": subscription.plan,
        "period": "year" if subscription.yearly else "month",
        "reason": reason,
        "channel": "billing",
    }
    note(world, at, subscription.user_id, "Invoice Paid", properties)


def tell_plan(world: World, person: Person, *, at: int, plan: str) -> None:
    """Tell of the account which plan it is on."""
    message: Message = {
        "type": "group",
        "groupId": person.account_id,
        "userId": person.user_id,
        "traits": {"plan": plan},
        "context": CONTEXT,
    }
    world.log.append((at, message, None))
