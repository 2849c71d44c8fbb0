"""The compact table of sites that send visitors: search, social networks, videos, shops, AI assistants."""

from __future__ import annotations

from functools import lru_cache

# A name stands for itself as a source, and for its hosts under any country's ending; with a dot it is a host.
NAMES = {
    "search": (
        "google bing yahoo duckduckgo ecosia yandex baidu qwant startpage search.brave.com ask aol naver "
        "daum seznam sogou so.com 360.cn swisscows mojeek presearch kagi dogpile metager lycos rambler "
        "coccoc petalsearch webcrawler excite search.lilo.org com.google.android.googlequicksearchbox"
    ),
    "social": (
        "facebook fb meta instagram ig threads linkedin lnkd.in com.linkedin.android twitter x.com t.co "
        "pinterest pin.it reddit tiktok snapchat whatsapp wa.me telegram t.me discord mastodon "
        "mastodon.social bsky.app bluesky tumblr quora vk ok.ru weibo wechat xing slack messenger "
        "lemmy.world news.ycombinator.com hackernews nextdoor badoo line.me viber producthunt medium.com"
    ),
    "video": "youtube youtu.be vimeo dailymotion twitch netflix hulu disneyplus wistia rumble bilibili",
    "shopping": (
        "amazon ebay etsy alibaba aliexpress walmart shopify shop.app stripe mercadolibre rakuten zalando "
        "bol.com target.com temu wish.com otto.de allegro flipkart shopzilla idealo shopping.google.com "
        "shopping.yahoo.com"
    ),
    "ai": (
        "chatgpt chat.openai.com openai claude anthropic gemini gemini.google.com bard.google.com "
        "copilot.microsoft.com copilot edgeservices.bing.com perplexity deepseek grok x.ai meta.ai "
        "chat.mistral.ai mistral you.com poe.com phind pi.ai"
    ),
    "mail": (
        "mail.google.com mail.yahoo.com outlook.live.com outlook.office.com outlook.office365.com "
        "mail.aol.com mail.proton.me fastmail.com gmx com.google.android.gm"
    ),
}
SEARCH_PARTS = {
    "www",
    "search",
    "images",
    "m",
    "cse",
    "lite",
    "html",
}  # other hosts of a search engine are not it

KINDS = {name: kind for kind, names in NAMES.items() for name in names.split()}
KINDS["google shopping"] = KINDS["igshopping"] = "shopping"

# Whose click an id in the address proves: source and medium.
CLICK_IDS: dict[str, tuple[str, str]] = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "dclid": ("google", "display"),
    "msclkid": ("bing", "cpc"),
    "fbclid": ("facebook", ""),  # on every outgoing link, paid or not
    "ttclid": ("tiktok", "cpc"),
    "twclid": ("twitter", "cpc"),
    "li_fat_id": ("linkedin", "cpc"),
    "rdt_cid": ("reddit", "cpc"),
    "epik": ("pinterest", "cpc"),
    "ScCid": ("snapchat", "cpc"),
    "yclid": ("yandex", "cpc"),
    "irclickid": ("impact", "affiliate"),
}


@lru_cache(maxsize=20_000)
def site(host: str) -> tuple[str, str]:
    """The source that a host stands for and its kind; ("", "") for a host that is not in the table."""
    labels = host.lower().removeprefix("www.").split(".")
    for first, label in enumerate(labels):
        whole = ".".join(labels[first:])
        if "." in whole and whole in KINDS:
            return SHORT_NAMES.get(whole, whole), KINDS[whole]
        if label in KINDS and _is_ending(labels[first + 1 :]) and _is_own(labels[:first], KINDS[label]):
            return label, KINDS[label]
    return "", ""


@lru_cache(maxsize=20_000)
def kind_of(source: str) -> str:
    """The kind of a source as campaigns write it: `google`, `youtube.com`, `Google Shopping`."""
    source = source.strip().lower()
    return KINDS.get(source) or (site(source)[1] if "." in source else "")


def _is_ending(labels: list[str]) -> bool:
    """Whether this ends the name of a company's own host, such as `com` or `co.uk`."""
    return 1 <= len(labels) <= 2 and all(len(label) <= 3 for label in labels)


def _is_own(before: list[str], kind: str) -> bool:
    """Whether a host that begins so still is the site: the log-in page of a search engine is no search."""
    return kind != "search" or all(len(label) == 2 or label in SEARCH_PARTS for label in before)


SHORT_NAMES = {
    "t.co": "twitter",
    "x.com": "twitter",
    "lnkd.in": "linkedin",
    "youtu.be": "youtube",
    "pin.it": "pinterest",
    "wa.me": "whatsapp",
    "t.me": "telegram",
    "chat.openai.com": "chatgpt",
    "chat.mistral.ai": "mistral",
    "gemini.google.com": "gemini",
    "bard.google.com": "gemini",
    "copilot.microsoft.com": "copilot",
    "com.google.android.googlequicksearchbox": "google",
}
