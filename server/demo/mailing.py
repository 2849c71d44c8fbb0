"""Fernhill's mail: what is sent, who reads it, and who follows its link back to the site."""

from server.demo.backoffice import note
from server.demo.browser import Visit
from server.demo.people import Person
from server.demo.sources import mail_source
from server.demo.usage import sign_in
from server.demo.world import Message, World

READ = 0.42
FOLLOWED = 0.25


def send(world: World, person: Person, *, at: int, template: str, always: bool = False) -> int:
    """Send a mail; the answer is the moment at which its link was followed, or 0 if it was not."""
    properties: Message = {"template": template, "channel": "email"}
    note(world, at, person.user_id, "Email Sent", properties)
    if not (always or world.chance(READ)):
        return 0
    read = world.after(at, world.hours(3.0, 1.2, most=96), person.place)
    note(world, read, person.user_id, "Email Opened", properties)
    if not (always or world.chance(FOLLOWED)):
        return 0
    note(world, read + 40_000, person.user_id, "Email Clicked", properties)
    return read + 42_000


def write_to(world: World, person: Person, *, at: int, template: str, landing: str) -> None:
    """Send a mail whose link leads to a page behind the sign-in."""
    followed = send(world, person, at=at, template=template)
    if followed:
        visit = Visit(
            world, world.rng.choice(person.browsers), at=followed, source=mail_source(template, landing)
        )
        sign_in(visit, person)
        visit.page(landing, 40)
