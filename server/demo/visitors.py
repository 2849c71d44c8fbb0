"""Those who come to look: most leave, some sign up, and robots read everything."""

from server.demo.browser import Browser, Visit
from server.demo.calendar import DAY, HOUR
from server.demo.mailing import send
from server.demo.people import Person, draw_browser, meet, other_browser
from server.demo.places import Place, draw_place
from server.demo.planted import BROKEN_CAMPAIGN
from server.demo.site import NEXT, OFFER_ENDED, TITLES
from server.demo.sources import DIRECT, FREE_TEMPLATES, WIN_BACK, Source, draw_source
from server.demo.trial import sign_up, try_out
from server.demo.world import World

ROBOTS = 0.012
BOUNCES = 0.36
SAME_VISIT = 0.55
OTHER_DEVICE = 0.06
SECOND_TRIAL = 0.10
PUBLIC = tuple(path for path in TITLES if not path.startswith("/app"))


def visitor(world: World) -> None:
    """One new visitor, from the first page to wherever it leads."""
    place = draw_place(world.rng)
    at = world.calendar.busy_moment(place.zone)
    if world.chance(ROBOTS):
        crawl(world, draw_browser(world, place, "robot"), at=at)
        return
    browser, source = draw_browser(world, place), draw_source(world.rng)
    broken = source is FREE_TEMPLATES and at >= world.calendar.day(BROKEN_CAMPAIGN.from_day)
    visit = land(world, browser, at=at, source=source, broken=broken)
    if world.chance(BROKEN_CAMPAIGN.rate if broken else BROKEN_CAMPAIGN.rate_elsewhere * source.pull):
        become_user(world, visit, place, now=not broken and world.chance(SAME_VISIT))
    else:
        look_around(world, visit, place, broken=broken)


def land(world: World, browser: Browser, *, at: int, source: Source, broken: bool) -> Visit:
    """Open the first page; the broken campaign's visitors are sent on to an offer that has ended."""
    visit = Visit(world, browser, at=at, source=source)
    visit.page(world.rng.choice(source.landings), 0.6 if broken else 25)
    if broken:
        visit.page(OFFER_ENDED, 6)
    return visit


def stroll(world: World, visit: Visit, pages: int) -> None:
    """Follow links from the page shown."""
    rng = world.rng
    path = str(visit.shown["path"])
    for _ in range(pages):
        path = rng.choice(NEXT[path])
        visit.page(path, 32)
        draw = rng.random()
        if path == "/templates" and draw < 0.2:
            visit.track("Template Downloaded", {"template": rng.choice(("house", "campaign", "event"))})
        elif path == "/features/timeline" and draw < 0.25:
            visit.track("Video Played", {"video": "timeline-tour", "seconds": rng.randint(5, 120)})
        elif path == "/signup" and draw < 0.5:
            visit.track("Form Started", {"form": "signup"})


def look_around(world: World, visit: Visit, place: Place, *, broken: bool) -> None:
    """Look, perhaps come back, and never sign up; a few come back again and again."""
    rng = world.rng
    if not world.chance(0.8 if broken else BOUNCES):
        stroll(world, visit, min(40, int(2 * rng.paretovariate(1.25))))
    if not world.chance(0.1 if broken else 0.3):
        return
    at = visit.at
    for _ in range(min(15, int(rng.paretovariate(1.3)))):
        at = world.after(at, int(rng.expovariate(1 / (5 * DAY))) + HOUR, place)
        visit = land(world, visit.browser, at=at, source=DIRECT, broken=False)
        stroll(world, visit, min(40, int(rng.paretovariate(1.1))))


def become_user(world: World, visit: Visit, place: Place, *, now: bool) -> None:
    """Sign up in this visit or a later one, then try Fernhill out, sometimes a second time."""
    rng, first = world.rng, visit.browser
    browser = first
    stroll(world, visit, min(30, int(1.5 * rng.paretovariate(1.5))))
    if not now:
        if world.chance(OTHER_DEVICE):
            browser = other_browser(world, first, place)
        at = visit.at
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            at = world.after(at, int(min(rng.expovariate(1 / (2 * DAY)), 9 * DAY)) + 2 * HOUR, place)
            visit = land(world, browser, at=at, source=DIRECT, broken=False)
            stroll(world, visit, rng.randint(0, 3))
            at = visit.at
    if world.chance(0.7):
        visit.page("/pricing", 45)
    person = meet(world, place, browser)
    sign_up(world, visit, person, number=1)
    started = visit.at
    if browser is not first:
        person.browsers.append(first)
    if not try_out(world, visit, person):
        win_back(world, person, started=started)


def win_back(world: World, person: Person, *, started: int) -> None:
    """Write to those whose trial ended weeks ago; some come back and try a second time."""
    sent = world.after(started, int(world.rng.uniform(22, 40) * DAY), person.place)
    if not world.chance(SECOND_TRIAL):
        send(world, person, at=sent, template="come-back")
        return
    followed = send(world, person, at=sent, template="come-back", always=True)
    visit = land(world, person.browsers[0], at=followed, source=WIN_BACK, broken=False)
    visit.page("/pricing", 45)
    sign_up(world, visit, person, number=2)
    try_out(world, visit, person)


def crawl(world: World, robot: Browser, *, at: int) -> None:
    """A robot that runs scripts reads page after page, every few seconds."""
    visit = Visit(world, robot, at=at)
    for path in world.rng.choices(PUBLIC, k=world.rng.randint(8, 60)):
        visit.page(path, 3)
