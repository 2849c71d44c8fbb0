"""How visitors find Fernhill: searches, campaigns, partners, and the mail that wins old trials back."""

from functools import cache
from random import Random
from typing import NamedTuple


class Source(NamedTuple):
    """A way to the site; `pull` scales the chance that a visitor who came by it signs up."""

    weight: int
    referrer: str
    campaign: dict[str, object] | None
    landings: tuple[str, ...]
    pull: float = 1.0


def _campaign(source: str, medium: str, name: str) -> dict[str, object]:
    return {"source": source, "medium": medium, "name": name}


@cache
def mail_source(template: str, landing: str) -> Source:
    """The way back to the site that a mail offers."""
    return Source(0, "", _campaign("fernhill-mail", "email", template), (landing,))


_SEARCH_AD = _campaign("google", "cpc", "planning-search")
_SMALL_FIRMS = _campaign("linkedin", "paid-social", "small-firms")
_NEWSLETTER = _campaign("fernhill-mail", "email", "monthly-notes")
_READING = ("/blog/plan-a-small-team", "/blog/gantt-in-ten-minutes", "/templates", "/features/timeline", "/")

DIRECT = Source(17, "", None, ("/", "/", "/features/timeline"), 1.15)
FREE_TEMPLATES = Source(
    16,
    "https://www.facebook.com/",
    _campaign("facebook", "paid-social", "free-templates"),
    ("/lp/free-templates",),
)
WIN_BACK = mail_source("come-back", "/")
SOURCES = (
    DIRECT,
    FREE_TEMPLATES,
    Source(26, "https://www.google.com/", None, _READING),
    Source(4, "https://www.bing.com/", None, _READING),
    Source(2, "https://duckduckgo.com/", None, _READING),
    Source(3, "https://chatgpt.com/", None, ("/features/timeline", "/"), 1.1),
    Source(12, "https://www.google.com/", _SEARCH_AD, ("/lp/planner",), 1.1),
    Source(7, "https://www.linkedin.com/", _SMALL_FIRMS, ("/lp/small-firms",), 0.9),
    Source(7, "", _NEWSLETTER, ("/blog/plan-a-small-team", "/templates")),
    Source(4, "https://bookkeepers.example/partners", None, ("/",), 1.2),
    Source(2, "https://www.youtube.com/", None, ("/features/timeline",)),
)
WEIGHTS = [source.weight for source in SOURCES]


def draw_source(rng: Random) -> Source:
    return rng.choices(SOURCES, WEIGHTS)[0]
