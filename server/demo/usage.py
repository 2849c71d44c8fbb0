"""Daily work in Fernhill: the sessions of people who have projects to look after."""

from server.demo.browser import Browser, Visit
from server.demo.calendar import BUSY_SHARE, DAY
from server.demo.people import Person, other_browser
from server.demo.world import World

WORK = (
    ("Task Created", 30),
    ("Task Completed", 34),
    ("Comment Added", 16),
    ("Timeline Moved", 9),
    ("File Attached", 7),
    ("Budget Updated", 4),
)
EVENTS = [event for event, _ in WORK]
WEIGHTS = [weight for _, weight in WORK]


def sign_in(visit: Visit, person: Person) -> None:
    """Pass the sign-in page where this browser does not know the person yet."""
    if person.user_id in visit.browser.met:
        return
    visit.page("/login", 12)
    visit.identify(person.user_id, person.traits)
    visit.group(person.account_id, {"name": person.company})


def work(world: World, person: Person, *, at: int, browser: Browser, project: int) -> None:
    """One session of daily work: a board, a handful of changes, sometimes a report."""
    rng = world.rng
    visit = Visit(world, browser, at=at)
    sign_in(visit, person)
    visit.page("/app/projects", 8)
    if rng.random() < 0.2:
        visit.identify(person.user_id, person.traits)
    board = f"/app/projects/{project}"
    visit.page(board, 40)
    properties: dict[str, object] = {"project": project}
    for event in rng.choices(EVENTS, WEIGHTS, k=min(25, int(rng.paretovariate(0.9)))):
        visit.track(event, properties, 70)
    draw = rng.random()
    if draw < 0.25:
        visit.page(f"{board}/timeline", 60)
    elif draw < 0.33:
        visit.page("/app/reports", 45)
        visit.track("Report Exported", {"project": project, "format": "pdf"})
    elif draw < 0.37:
        visit.page("/app/team", 20)


def keep_using(world: World, person: Person, *, start: int, stop: int, pace: float) -> None:
    """Spread sessions of work, about `pace` a week, over a stretch of time."""
    rng, zone, is_busy = world.rng, person.place.zone, world.calendar.is_busy
    project = rng.randint(1000, 9999)
    gap = BUSY_SHARE * 7 * DAY / pace
    at = start
    while True:
        at += int(gap * rng.expovariate(1.0))
        if at >= stop:
            return
        if not is_busy(at, zone):
            continue
        if len(person.browsers) == 1 and rng.random() < 0.02:
            person.browsers.append(other_browser(world, person.browsers[0], person.place))
        work(world, person, at=at, browser=rng.choice(person.browsers), project=project)
