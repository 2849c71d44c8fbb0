"""The support desk: a case from the first call for help to its solution, by chat, telephone or mail."""

from server.demo.backoffice import note
from server.demo.browser import Visit
from server.demo.calendar import DAY, HOUR, MINUTE
from server.demo.people import Person
from server.demo.planted import HANDED_OVER
from server.demo.usage import sign_in
from server.demo.world import Message, World

TOPICS = ("how-to", "how-to", "import", "billing", "bug", "bug", "sharing")
CHANNELS = ("chat", "chat", "chat", "phone", "phone", "email", "email")
ANSWER_HOURS = {"chat": 0.07, "phone": 0.02, "email": 5.0}
LOST_ON_THE_WAY = 0.03


def ask(world: World, person: Person, *, at: int, topic: str, channel: str) -> None:
    """Ask for help once and follow the case to its end; all its events carry the same ticket."""
    ticket: Message = {"ticket": world.ticket(), "topic": topic, "channel": channel}
    opened = _contact(world, person, at=at, ticket=ticket)
    if world.chance(LOST_ON_THE_WAY):
        return
    note(world, opened, person.user_id, "Ticket Opened", ticket)
    if world.chance(LOST_ON_THE_WAY):
        return
    answered = opened + world.hours(ANSWER_HOURS[channel], 0.7, most=60)
    if channel == "email":
        answered = world.calendar.awake(answered, person.place.zone)
    note(world, answered, person.user_id, "Ticket Answered", ticket)
    _settle(world, person, answered=answered, ticket=ticket)


def _contact(world: World, person: Person, *, at: int, ticket: Message) -> int:
    """Reach the desk; the answer is the moment at which it writes the ticket."""
    channel = ticket["channel"]
    if channel == "chat":
        visit = Visit(world, world.rng.choice(person.browsers), at=at)
        sign_in(visit, person)
        visit.page("/app/help", 50)
        visit.track("Chat Started", ticket)
        return visit.at
    if channel == "phone":
        waited = int(world.rng.expovariate(1 / 100))
        call: Message = {**ticket, "wait_seconds": waited, "minutes": world.rng.randint(2, 25)}
        note(world, at, person.user_id, "Call Answered", call)
    else:
        note(world, at, person.user_id, "Email Received", ticket)
    return at + MINUTE


def _settle(world: World, person: Person, *, answered: int, ticket: Message) -> None:
    """From the first answer to the solution, or to silence."""
    handed_over = world.chance(HANDED_OVER.share)
    at = answered
    if handed_over:
        at += world.hours(0.8, 0.8, most=20)
        note(world, at, person.user_id, "Ticket Escalated", {**ticket, "team": "specialists"})
    median = HANDED_OVER.hours if handed_over else HANDED_OVER.hours_elsewhere
    if world.chance(HANDED_OVER.rate if handed_over else HANDED_OVER.rate_elsewhere):
        solved = world.after(at, world.hours(median or 1.0, 0.8, most=6.0 * 24), person.place)
        note(world, solved, person.user_id, "Ticket Solved", ticket)
        _rate(world, person, at=solved, ticket=ticket, unhappy=handed_over)
    elif world.chance(0.4):
        note(world, at + 5 * DAY, person.user_id, "Ticket Closed Unsolved", ticket)


def _rate(world: World, person: Person, *, at: int, ticket: Message, unhappy: bool) -> None:
    if world.chance(0.3):
        stars = world.rng.choices((1, 2, 3, 4, 5), (3, 4, 3, 3, 2) if unhappy else (1, 1, 2, 5, 8))[0]
        rating: Message = {**ticket, "rating": stars}
        note(world, at + world.hours(2.0, 1.0, most=48), person.user_id, "Support Rated", rating)


def ask_now_and_then(world: World, person: Person, *, start: int, stop: int) -> None:
    """Most people never need help, some once, and a few all the time."""
    rng = world.rng
    if start >= stop or not world.chance(0.42):
        return
    for _ in range(min(12, int(rng.paretovariate(1.3)))):
        at = world.after(rng.randint(start, stop), HOUR, person.place)
        ask(world, person, at=at, topic=rng.choice(TOPICS), channel=rng.choice(CHANNELS))
