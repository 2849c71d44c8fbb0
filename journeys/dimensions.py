"""Dimensions: by what runs can be told apart, and at which moment the value is taken."""

from __future__ import annotations

from dataclasses import dataclass

from journeys.filters import Params, text_of
from journeys.routes import RAW, Routes
from store.words import tell

# Kept with every run, of the event that opened it.
OF_RUN = ("channel", "source", "campaign", "device", "country")
# Known of every event; the run does not keep them.
OF_EVENT = (
    *("medium", "term", "content", "referrer_host", "host", "path", "browser", "os", "region", "city"),
    *("locale", "library"),
)
NAMED = ("property", "trait")
SEGMENT = "segment"  # in a saved one, or not
LONGEST_NAME = 200


class DimensionError(Exception):
    """Runs cannot be told apart as asked; the message says why."""


@dataclass(frozen=True)
class Dimension:
    """A column of runs or events, or a property or trait of this name."""

    kind: str  # run, event, property, trait, segment
    name: str

    @property
    def text(self) -> str:
        """As it is written in questions."""
        return f"{self.kind}:{self.name}" if self.kind in (*NAMED, SEGMENT) else self.name

    @property
    def label(self) -> str:
        """As it is called on pages."""
        if self.kind not in (*NAMED, SEGMENT):
            return tell(self.text.replace("_", " "))
        return f"{tell(self.kind)} {self.name}"

    def value(self, params: Params, routes: Routes = RAW) -> str:
        """SQL of the value as text, '' where there is none, from the columns that the event brings.

        A path is called by its route.
        """
        if self.text == "path":
            return routes.route(params)
        if self.kind in NAMED:
            return text_of("properties" if self.kind == "property" else "traits", self.name, params)
        return "if(belongs, 'in', 'not in')" if self.kind == SEGMENT else f"toString({self.name})"


def dimension(text: str, *, at_start: bool) -> Dimension:
    """Read `channel`, `property:size`, `trait:plan` or `segment:engaged`; raises DimensionError.

    At the start of a run, what is kept with the run need not be looked up in events.
    """
    kind, colon, name = text.partition(":")
    if colon and kind in (*NAMED, SEGMENT) and 0 < len(name) <= LONGEST_NAME:
        return Dimension(kind, name)
    if text in OF_RUN:
        return Dimension("run" if at_start else "event", text)
    if text in OF_EVENT:
        return Dimension("event", text)
    known = ", ".join((*OF_RUN, *OF_EVENT))
    raise DimensionError(
        tell(
            "%(text)s tells no runs apart; known are %(known)s, property:NAME, trait:NAME and segment:KEY",
            text=repr(text),
            known=known,
        )
    )
