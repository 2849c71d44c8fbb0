"""What pages are called in reports: the route of a path, by the templates that a project has confirmed.

Stored events keep their paths; this is the one place that makes routes of them, when they are read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from journeys.filters import Params
from journeys.route_templates import anchored
from store.routes import routes_of


@dataclass(frozen=True)
class Routes:
    """Templates in the order in which they are tried: a path is called by the first that stands for it."""

    templates: tuple[str, ...] = ()

    def route(self, params: Params, path: str = "path") -> str:
        """SQL of the route of a path: the first template that stands for it, else the path itself."""
        if not self.templates:
            return path
        names = params.bind(list(self.templates), "Array(String)")
        return f"ifNull(nullIf({names}[{self.place(params, path)}], ''), {path})"

    def place(self, params: Params, path: str = "path") -> str:
        """SQL of the place, from 1, of the first template that stands for a path; 0 where none does."""
        return f"arrayMin({self.places(params, path)})" if self.templates else "0"

    def places(self, params: Params, path: str = "path") -> str:
        """SQL of the places of all templates that stand for a path."""
        patterns = params.bind([anchored(one) for one in self.templates], "Array(String)")
        return f"multiMatchAllIndices({path}, {patterns})"

    def label(self, params: Params) -> str:
        """SQL of what an event is called as a touchpoint."""
        return label(self.route(params))

    def short(self, params: Params) -> str:
        """SQL of what an event is called among touchpoints of all kinds, as `Touchpoint.short` calls them."""
        return short(self.route(params))


PAGE = "page:"  # before the route of a page that does not begin with a slash
# SQL of what an event that is no page is called, told apart from all others.
SHORT_NAME = (
    "multiIf(event = '', concat('type:', type), type = 'screen', concat('screen:', event), "
    "startsWith(event, '/') or match(event, '^(event|page|screen|type):'), concat('event:', event), event)"
)


def label(route: str) -> str:
    """SQL of what an event is called as a touchpoint, where pages have this route."""
    return f"multiIf(type = 'page', {route}, event != '', event, toString(type))"


def short(route: str) -> str:
    """SQL of what an event is called among touchpoints of all kinds, where pages have this route."""
    page = f"if(startsWith({route}, '/'), {route}, concat('{PAGE}', {route}))"
    return f"if(type = 'page', {page}, {SHORT_NAME})"


RAW = Routes()


def confirmed(engine: Engine, project_id: int) -> Routes:
    """The routes that a project has confirmed."""
    return Routes(routes_of(engine, project_id).templates)
