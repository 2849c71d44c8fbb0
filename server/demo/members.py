"""Those who were customers before the ninety days began: they work, ask, pay, and renew."""

from server.demo.backoffice import Subscription, bill
from server.demo.browser import Browser
from server.demo.calendar import DAY, DAYS
from server.demo.mailing import write_to
from server.demo.people import Person, draw_browser, meet, other_browser
from server.demo.places import draw_place
from server.demo.renewal import REMINDED_DAYS, come_up
from server.demo.support import ask_now_and_then
from server.demo.usage import keep_using
from server.demo.world import World

TWO_DEVICES = 0.3
YEARLY = 0.8
RENEWS_SOON = 0.75  # a big launch about a year ago: most yearly plans come up in this season
STOPS = 0.12


def member(world: World, employer: Person | None, *, browser: Browser | None = None) -> Person:
    """A customer of old, sometimes a colleague of `employer`, perhaps on a browser lent by another."""
    place = employer.place if employer else draw_place(world.rng)
    person = meet(world, place, browser or draw_browser(world, place), employer=employer)
    if browser is None and world.chance(TWO_DEVICES):
        person.browsers.append(other_browser(world, person.browsers[0], place))
    start, end = world.calendar.start, world.calendar.end
    stop = world.rng.randint(start, end) if world.chance(STOPS) else end
    pace = min(9.0, 0.4 * world.rng.lognormvariate(0.0, 0.9))
    keep_using(world, person, start=start, stop=stop, pace=pace)
    ask_now_and_then(world, person, start=start, stop=stop)
    _read_news(world, person)
    if employer is None:
        _settle_bills(world, person)
    return person


def _read_news(world: World, person: Person) -> None:
    """The monthly mail goes out to everyone in the same hour."""
    for day in range(12, DAYS, 30):
        sent = world.calendar.day(day) + world.rng.randrange(3_600_000)
        write_to(world, person, at=sent, template="monthly-notes", landing="/app/news")


def _settle_bills(world: World, person: Person) -> None:
    """Yearly plans come up for renewal, monthly ones are paid every thirty days."""
    rng, start, end = world.rng, world.calendar.start, world.calendar.end
    plan = rng.choices(("starter", "team", "business"), (4, 5, 2))[0]
    if world.chance(YEARLY):
        if world.chance(RENEWS_SOON):
            come_up(world, person, due=rng.randint(start, end + REMINDED_DAYS * DAY), plan=plan)
        return
    subscription = Subscription(person.user_id, plan, False, person.place.currency)
    for due in range(start + rng.randrange(30 * DAY), end, 30 * DAY):
        bill(world, subscription, at=due, reason="cycle")
