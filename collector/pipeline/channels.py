"""Names the channel of a source by GA4's default channel groups, in their order, first match wins.

After Google's help page "Default channel group"; `docs/enrichment.md` lists the differences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from collector.pipeline.sites import kind_of

PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
SHOP_CAMPAIGN = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")
DIRECT = {"", "(direct)"}
NO_MEDIUM = {"", "(none)", "(not set)"}
DISPLAY = {"display", "banner", "expandable", "interstitial", "cpm"}
SOCIAL_MEDIA = {"social", "social-network", "social-media", "sm", "social network", "social media"}
MAIL = re.compile(r"e[-_ ]?mail")


class Origin(NamedTuple):
    """Where a visit came from, in small letters, and the kind of that source."""

    source: str
    medium: str
    campaign: str
    kind: str
    is_paid: bool

    @property
    def is_shopping(self) -> bool:
        """A shop as source, or a campaign that calls itself one."""
        return self.kind == "shopping" or bool(SHOP_CAMPAIGN.fullmatch(self.campaign))


RULES: list[tuple[str, Callable[[Origin], bool]]] = [
    ("Direct", lambda o: o.source in DIRECT and o.medium in NO_MEDIUM and not o.campaign),
    ("Cross-network", lambda o: "cross-network" in o.campaign),
    ("Paid Shopping", lambda o: o.is_paid and o.is_shopping),
    ("Paid Search", lambda o: o.is_paid and o.kind == "search"),
    ("Paid Social", lambda o: o.is_paid and o.kind == "social"),
    ("Paid Video", lambda o: o.is_paid and o.kind == "video"),
    ("Display", lambda o: o.medium in DISPLAY),
    ("Paid Other", lambda o: o.is_paid),
    ("AI Assistants", lambda o: o.kind == "ai" or o.medium == "ai-assistant"),
    ("Organic Shopping", lambda o: o.is_shopping),
    ("Organic Social", lambda o: o.kind == "social" or o.medium in SOCIAL_MEDIA),
    ("Organic Video", lambda o: o.kind == "video" or "video" in o.medium),
    ("Organic Search", lambda o: o.kind == "search" or o.medium == "organic"),
    ("Referral", lambda o: o.medium in ("referral", "app", "link")),
    ("Email", lambda o: o.kind == "mail" or any(map(MAIL.fullmatch, (o.source, o.medium)))),
    ("Affiliates", lambda o: o.medium in ("affiliate", "affiliates")),
    ("Audio", lambda o: o.medium == "audio"),
    ("SMS", lambda o: "sms" in (o.source, o.medium)),
    ("Mobile Push Notifications", lambda o: o.source == "firebase" or _is_push(o.medium)),
]


@lru_cache(maxsize=20_000)
def channel_of(source: str, medium: str, campaign: str) -> str:
    """The channel of a source, a medium and a campaign name; `Unassigned` when no rule knows them."""
    source, medium, campaign = source.lower(), medium.lower(), campaign.lower()
    origin = Origin(source, medium, campaign, kind_of(source), bool(PAID.fullmatch(medium)))
    return next((name for name, matches in RULES if matches(origin)), "Unassigned")


def _is_push(medium: str) -> bool:
    return medium.endswith("push") or "mobile" in medium or "notification" in medium
