"""The demo's people: who they are, where they work, and which devices they use."""

from dataclasses import dataclass

from server.demo.browser import Browser
from server.demo.devices import KINDS
from server.demo.places import Place
from server.demo.planted import SLOW_ON_PHONES
from server.demo.world import World


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words("""
    Ada Amara Anna Arjun Bea Ben Carla Chen Clara Dan Elif Emil Eva Femi Finn Grace Hana Hugo Ines Ivan
    Jack Jana Joris Kai Lena Leo Lin Lucy Mara Mateo Mia Nils Nora Omar Otto Paul Priya Rosa Sam Sofia
    Tariq Theo Uma Vera Wei Will Yara Zoe
""")
LAST = _words("""
    Abel Adler Bakker Berg Bishop Brandt Chan Clarke Costa Diaz Dubois Evans Fischer Garcia Gray Haas
    Hill Ito Jansen Jones Kaur Keller Khan Lind Lopez Martin Meyer Moreau Nair Novak Olsen Park Patel
    Quinn Reyes Rossi Santos Schmidt Shaw Silva Smit Sund Taylor Tran Visser Walker Wood Young
""")
FIRM = _words("""
    Alder Amber Anchor Birch Bright Cedar Clear Copper Elm Fair Field Grove Harbour Hazel Hill Juniper
    Lark Linden Maple Marsh Meadow North Oak Orchard Quarry River Rowan Stone Thistle Willow
""")
TRADE = _words("Architects Builders Carpentry Consulting Design Events Films Gardens Studio")
ROLES = ("owner", "owner", "office manager", "project manager", "assistant")


@dataclass(slots=True)
class Person:
    """Someone with a user id; `browsers` grows as they sign in on another device."""

    user_id: str
    account_id: str
    company: str
    place: Place
    traits: dict[str, object]
    browsers: list[Browser]


def draw_browser(world: World, place: Place, kind: str | None = None) -> Browser:
    """Hand out a device; a third of them are phones."""
    rng = world.rng
    if kind is None:
        draw = rng.random()
        phones = SLOW_ON_PHONES.share
        kind = "phone" if draw < phones else "tablet" if draw < phones + 0.06 else "desktop"
    return Browser.new(world.identifier(), rng.choice(KINDS[kind]), place, place.address(rng))


def other_browser(world: World, first: Browser, place: Place) -> Browser:
    """A second device of the same person: the desktop of a phone, the phone of a desktop."""
    return draw_browser(world, place, "desktop" if first.kind == "phone" else "phone")


def meet(world: World, place: Place, browser: Browser, *, employer: "Person | None" = None) -> Person:
    """Make a person known: the first of a new account, or a colleague in an account that exists."""
    rng = world.rng
    first, last = rng.choice(FIRST), rng.choice(LAST)
    if employer is None:
        account_id = f"acc-{next(world.accounts)}"
        company = f"{rng.choice(FIRM)} {rng.choice(TRADE)}"
    else:
        account_id, company = employer.account_id, employer.company
    domain = f"{company.replace(' ', '').lower()}-{account_id[4:]}.example"
    traits: dict[str, object] = {
        "name": f"{first} {last}",
        "email": f"{first}.{last}@{domain}".lower(),
        "company": company,
        "role": rng.choice(ROLES) if employer is None else "colleague",
    }
    return Person(f"u-{next(world.users)}", account_id, company, place, traits, [browser])
