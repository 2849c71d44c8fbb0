"""Path cleaning, for the page and the API alike: what is proposed, what a list would change, keeping it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from admin import asked
from admin.services import Services
from journeys.definitions import DefinitionError, parsed
from journeys.period import Period, iso, parse_period
from journeys.route_proposals import LEAST, preview, proposals
from journeys.route_templates import MOST_TEMPLATES, checked, is_template
from journeys.routes import Routes, confirmed
from store.journeys import live_journeys
from store.projects import Project
from store.routes import RouteList, save_routes
from store.words import Later

log = logging.getLogger("waywiser.audit")
DAYS = 30
LARGEST_LEAST = 100_000


class RoutesSchema(Schema):
    """The templates of a project, in the order in which they are tried."""

    templates = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(
            max=MOST_TEMPLATES, error=Later("give at most %(most)s templates", most=MOST_TEMPLATES)
        ),
        metadata={"description": "such as /order/:id; a path is called by the first that stands for it"},
    )


def lately(services: Services, project: Project) -> Period:
    """The days of which paths are looked at where nobody says otherwise."""
    now = services.clock()
    start, _ = asked.last_days(DAYS, project.zone, now=now)
    return parse_period(start, None, project.zone, now=now)


def proposed(services: Services, project: Project, period: Period, *, least: int = LEAST) -> dict[str, Any]:
    """Templates for what no confirmed one stands for, with the pages that journeys ask for by name."""
    routes = confirmed(services.engine, project.id)
    pages = _asked_for(services, project.id)
    return proposals(services.events, project.id, period, routes, asked=pages, least=least)


def previewed(
    services: Services, project: Project, period: Period, templates: Sequence[str]
) -> dict[str, Any]:
    """What these templates would change; raises DefinitionError."""
    before, after = confirmed(services.engine, project.id), Routes(checked(templates))
    return preview(services.events, project.id, period, before, after)


def keep(
    services: Services, project: Project, templates: Sequence[str], *, by: str, seen: int | None
) -> RouteList:
    """Make these templates count; raises DefinitionError, or RoutesChanged where `seen` is not the newest."""
    kept = save_routes(
        services.engine, project.id, checked(templates), by=by, now=services.clock(), seen=seen
    )
    log.info(
        "project %s: %s keeps route templates as version %d: %s",
        project.key,
        by,
        kept.version,
        ", ".join(kept.templates) or "none",
    )
    return kept


def shown(one: RouteList) -> dict[str, Any]:
    """A list as the API shows it."""
    return {
        "version": one.version,
        "templates": list(one.templates),
        "created_by": one.created_by,
        "created_at": iso(one.created_at) if one.version else None,
    }


def _asked_for(services: Services, project_id: int) -> list[str]:
    """The pages that steps of journeys name, without those that stand for several."""
    pages = set()
    for version in live_journeys(services.engine, project_id):
        try:
            pages |= {one.page for one in parsed(version.definition).matchers if one.page is not None}
        except DefinitionError:  # one that cannot be read asks for nothing
            continue
    return sorted(page for page in pages if "*" not in page and not is_template(page))
