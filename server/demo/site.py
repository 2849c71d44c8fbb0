"""Fernhill's web site: its pages, where one goes from each, and how the snippet describes them."""

from functools import lru_cache

HOST = "https://fernhill.example"
OFFER_ENDED = "/offer-ended"
NEW_PROJECT = "/app/projects/new"

TITLES = {
    "/": "Fernhill: plans that small firms keep",
    "/features": "Features",
    "/features/timeline": "Timeline",
    "/features/budgets": "Budgets",
    "/templates": "Project templates",
    "/blog/plan-a-small-team": "How to plan a small team",
    "/blog/gantt-in-ten-minutes": "A Gantt chart in ten minutes",
    "/customers": "Who works with Fernhill",
    "/security": "Security",
    "/pricing": "Prices",
    "/signup": "Start your trial",
    "/login": "Sign in",
    "/lp/planner": "The planner for small firms",
    "/lp/small-firms": "Fernhill for firms of five to fifty",
    "/lp/free-templates": "Free project templates",
    OFFER_ENDED: "This offer has ended",
    "/app": "Home",
    "/app/welcome": "Welcome",
    "/app/projects": "Projects",
    NEW_PROJECT: "New project",
    "/app/team": "Team",
    "/app/billing": "Plan and billing",
    "/app/reports": "Reports",
    "/app/help": "Help",
    "/app/news": "What is new",
}
NEXT = {
    "/": ("/features", "/features", "/pricing", "/templates", "/customers", "/features/timeline"),
    "/features": ("/features/timeline", "/features/budgets", "/pricing", "/customers", "/"),
    "/features/timeline": ("/features/budgets", "/pricing", "/pricing", "/templates", "/"),
    "/features/budgets": ("/pricing", "/pricing", "/customers", "/features"),
    "/templates": ("/features", "/pricing", "/blog/gantt-in-ten-minutes", "/"),
    "/blog/plan-a-small-team": ("/templates", "/features", "/blog/gantt-in-ten-minutes", "/"),
    "/blog/gantt-in-ten-minutes": ("/templates", "/features/timeline", "/blog/plan-a-small-team", "/"),
    "/customers": ("/pricing", "/features", "/security", "/"),
    "/security": ("/pricing", "/customers", "/"),
    "/pricing": ("/features", "/customers", "/security", "/signup", "/"),
    "/signup": ("/pricing", "/"),
    "/lp/planner": ("/features", "/pricing", "/pricing", "/"),
    "/lp/small-firms": ("/customers", "/pricing", "/features", "/"),
    "/lp/free-templates": ("/templates", "/templates", "/features", "/pricing"),
    OFFER_ENDED: ("/", "/templates"),
}


@lru_cache(maxsize=8192)
def describe(path: str, referrer: str, search: str = "") -> dict[str, object]:
    """Describe a page view as the snippet does. The answer is shared: read it, do not change it."""
    page: dict[str, object] = {
        "url": f"{HOST}{path}{search}",
        "path": path,
        "title": TITLES.get(path, "Project"),
        "referrer": referrer,
    }
    if search:
        page["search"] = search
    return page


def campaign_search(campaign: dict[str, object] | None) -> str:
    """The query string by which a campaign's links announce themselves."""
    if campaign is None:
        return ""
    return "?" + "&".join(
        f"utm_{'campaign' if key == 'name' else key}={value}" for key, value in campaign.items()
    )
