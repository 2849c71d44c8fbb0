"""The web side of the demo: what the snippet in one browser would send during one visit."""

from dataclasses import dataclass, field

from server.demo.calendar import SECOND
from server.demo.devices import Device
from server.demo.places import Place
from server.demo.site import HOST, NEW_PROJECT, campaign_search, describe
from server.demo.sources import DIRECT, Source
from server.demo.world import Message, World

LIBRARY: dict[str, object] = {"name": "waywiser-js", "version": "0.1.0"}
LOAD_MS = {"phone": 1_300, "tablet": 1_100, "desktop": 800, "robot": 400}
SLOW_LOAD_MS = 7_000


@dataclass(slots=True)
class Browser:
    """One browser: its anonymous id for ever, and the user who is signed in, if any."""

    anonymous_id: str
    kind: str
    context: Message
    user_id: str | None = None
    met: set[str] = field(default_factory=set)

    @classmethod
    def new(cls, anonymous_id: str, device: Device, place: Place, address: str) -> "Browser":
        context: Message = {
            "library": LIBRARY,
            "userAgent": device.user_agent,
            "ip": address,
            "locale": place.locale,
            "timezone": place.timezone,
            "screen": device.screen,
        }
        return cls(anonymous_id, device.kind, context)

    def lent(self) -> "Browser":
        """The same browser in the hands of someone else: same anonymous id, nobody signed in yet."""
        return Browser(self.anonymous_id, self.kind, self.context)


class Visit:
    """A browser while it is on the site; `at` moves on with everything that is done."""

    __slots__ = ("_campaign", "_hear", "_referrer", "_rng", "_search", "at", "browser", "load_ms", "shown")

    def __init__(self, world: World, browser: Browser, *, at: int, source: Source = DIRECT) -> None:
        self._rng = world.rng
        self._hear = world.log.append
        self.browser = browser
        self.at = at
        self._campaign = source.campaign
        self._search = campaign_search(source.campaign)
        self._referrer = source.referrer
        self.shown: Message = {}
        self.load_ms = 0

    def page(self, path: str, seconds: float = 30.0) -> None:
        """Open a page and stay there for about that long."""
        kind = self.browser.kind
        median = SLOW_LOAD_MS if path == NEW_PROJECT and kind == "phone" else LOAD_MS[kind]
        random = self._rng.random
        self.load_ms = int(median * (0.55 + 0.6 * random() + 0.6 * random() * random()))
        self.shown = describe(path, self._referrer, self._search)
        self._referrer, self._search = HOST + path, ""
        properties = {**self.shown, "load_ms": self.load_ms}
        self._say({"type": "page", "name": self.shown["title"], "properties": properties}, seconds)

    def track(self, event: str, properties: Message, seconds: float = 15.0) -> None:
        self._say({"type": "track", "event": event, "properties": properties}, seconds)

    def identify(self, user_id: str, traits: Message) -> None:
        """Sign in: from here on the browser's messages carry both ids."""
        self.browser.user_id = user_id
        self.browser.met.add(user_id)
        self._say({"type": "identify", "traits": traits}, 0.2)

    def group(self, account_id: str, traits: Message) -> None:
        self._say({"type": "group", "groupId": account_id, "traits": traits}, 0.2)

    def wait(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)

    def _say(self, message: Message, seconds: float) -> None:
        browser = self.browser
        context = browser.context.copy()
        context["page"] = self.shown
        if self._campaign is not None:
            context["campaign"] = self._campaign
        message["anonymousId"] = browser.anonymous_id
        if browser.user_id is not None:
            message["userId"] = browser.user_id
        message["context"] = context
        self._hear((self.at, message, context))
        self.at += 150 + int(seconds * SECOND * self._rng.expovariate(1.0))
