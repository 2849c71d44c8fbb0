"""A trial from sign-up to the first paid invoice, or to where it ends instead."""

from server.demo.backoffice import Subscription, bill, note, tell_plan
from server.demo.browser import Browser, Visit
from server.demo.calendar import DAY, HOUR
from server.demo.mailing import write_to
from server.demo.people import Person
from server.demo.planted import SLOW_ON_PHONES, SUPPORT_DETOUR
from server.demo.site import NEW_PROJECT
from server.demo.support import ask, ask_now_and_then
from server.demo.usage import keep_using, sign_in
from server.demo.world import World

PAYS = 0.56
PAYS_ALONE = 0.05  # without ever inviting anyone: a shortcut past a required step
CLOSES = 0.07
TRIAL_DAYS = 14


def sign_up(world: World, visit: Visit, person: Person, *, number: int) -> None:
    """Fill in the form, become known, and start trial number `number`."""
    visit.page("/signup", 60)
    visit.identify(person.user_id, {**person.traits, "plan": "trial", "locale": person.place.locale})
    method = world.rng.choice(("email", "email", "google"))
    visit.track("Signed Up", {"plan": "trial", "method": method, "trial": number}, 2)
    visit.group(person.account_id, {"name": person.company, "plan": "trial"})
    note(world, visit.at, person.user_id, "Trial Started", {"days": TRIAL_DAYS, "channel": "billing"})
    write_to(world, person, at=visit.at + 20_000, template="welcome", landing="/app/welcome")
    visit.page("/app/welcome", 25)


def try_out(world: World, visit: Visit, person: Person) -> bool:
    """Live through the trial; the answer is whether it was paid for."""
    start = lost = visit.at
    created = first_project(world, visit, person)
    if created is not None:
        invited = bring_team(world, person, visit.browser, created=created)
        alone = invited is None and world.chance(PAYS_ALONE)
        if alone or (invited is not None and world.chance(PAYS)):
            paid = world.after(invited or created, world.hours(110.0, 0.6, most=13 * 24), person.place)
            keep_using(world, person, start=created, stop=paid, pace=5.0)
            pay(world, person, visit.browser, at=paid)
            return True
        lost = (invited or created) + world.hours(60.0, 0.9, most=10 * 24)
        keep_using(world, person, start=created, stop=lost, pace=4.0)
    run_out(world, person, start=start, lost=lost)
    return False


def first_project(world: World, visit: Visit, person: Person) -> int | None:
    """The step that is slow on phones; the answer is when the project was there, if ever."""
    cause, start, phone = SLOW_ON_PHONES, visit.at, visit.browser.kind == "phone"
    reached = world.chance(cause.rate if phone else cause.rate_elsewhere)
    median = (cause.hours if phone else cause.hours_elsewhere) or 1.0
    takes = world.hours(median, 1.0, most=11 * 24)
    visit.page(NEW_PROJECT, 30)
    if takes > 0.4 * HOUR:
        if not reached and world.chance(0.5):
            return None
        at = world.after(start, takes, person.place) if takes > HOUR else start + takes
        visit = Visit(world, visit.browser, at=at)
        visit.page("/app/welcome", 10)
        visit.page(NEW_PROJECT, 30)
    else:
        visit.at = max(visit.at, start + takes)
    if not reached:
        return None
    template = world.rng.choice(("blank", "blank", "house", "campaign", "event"))
    created = visit.at
    visit.track("Project Created", {"load_ms": visit.load_ms, "template": template, "first": True})
    visit.page(f"/app/projects/{world.rng.randint(1000, 9999)}", 60)
    return created


def bring_team(world: World, person: Person, browser: Browser, *, created: int) -> int | None:
    """The step that goes wrong for those who first need the support desk; when it was reached."""
    cause, since = SUPPORT_DETOUR, created
    detour = world.chance(cause.share)
    if detour:
        since = world.after(created, world.hours(7.0, 1.0, most=4 * 24), person.place)
        channel = "chat" if world.chance(0.7) else "phone"
        ask(world, person, at=since, topic="trial", channel=channel)
    if not world.chance(cause.rate if detour else cause.rate_elsewhere):
        return None
    median = (cause.hours if detour else cause.hours_elsewhere) or 1.0
    takes = world.hours(median, 0.8, most=12 * 24)
    at = world.after(max(created + takes, since + HOUR), 0, person.place)
    visit = Visit(world, browser, at=at)
    sign_in(visit, person)
    visit.page("/app/team", 40)
    invited = visit.at
    visit.track("Teammate Invited", {"count": min(20, int(world.rng.paretovariate(1.2)))})
    return invited


def pay(world: World, person: Person, browser: Browser, *, at: int) -> None:
    """Check out, become a customer, and stay one."""
    visit = Visit(world, browser, at=at)
    plan = world.rng.choices(("starter", "team", "business"), (5, 4, 1))[0]
    yearly = world.chance(0.4)
    visit.page("/app/billing", 60)
    visit.track("Checkout Started", {"plan": plan, "period": "year" if yearly else "month"}, 45)
    paid, end = visit.at, world.calendar.end
    subscription = Subscription(person.user_id, plan, yearly, person.place.currency)
    bill(world, subscription, at=paid, reason="first")
    tell_plan(world, person, at=paid, plan=plan)
    person.traits = {**person.traits, "plan": plan}  # the next sign-in tells it
    for due in range(paid + 30 * DAY, paid if yearly else end, 30 * DAY):
        bill(world, subscription, at=due, reason="cycle")
    keep_using(world, person, start=paid, stop=end, pace=2.6)
    ask_now_and_then(world, person, start=paid, stop=end)


def run_out(world: World, person: Person, *, start: int, lost: int) -> None:
    """The trial that nobody pays for, given up at `lost`: a reminder, an end, sometimes a closed account."""
    if world.chance(CLOSES):
        closed = world.after(lost, world.hours(60.0, 0.7, most=12 * 24), person.place)
        note(world, closed, person.user_id, "Account Closed", {"channel": "billing", "during": "trial"})
        return
    reminded = start + (TRIAL_DAYS - 3) * DAY
    write_to(world, person, at=reminded, template="trial-ending", landing="/app/billing")
    expired = start + TRIAL_DAYS * DAY
    note(world, expired, person.user_id, "Trial Expired", {"days": TRIAL_DAYS, "channel": "billing"})
