"""Words that stand in tables of the code and are said by pages: the catalogue has them as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import admin
import journeys
from admin import failures, reasons, refused_merges
from journeys import (
    discovery,
    discovery_journeys,
    discovery_steps,
    explored,
    explored_cells,
    flows,
    lifecycle,
)
from journeys.definition_schema import OPERATORS
from journeys.dimensions import NAMED, OF_EVENT, OF_RUN
from journeys.report import Report
from store.words import Spoken, marked

# Words of answers, which pages say as words of their own.
WORDS = (
    *(marked("runs"), marked("customers"), marked("accounts"), marked("visits"), marked("attempts")),
    *(marked("hour"), marked("day"), marked("week"), marked("month")),
    *(marked("after"), marked("before"), marked("page"), marked("journey"), marked("segment")),
    *(marked("channels"), marked("sources"), marked("mediums"), marked("campaigns")),
    *(marked("sessions"), marked("touchpoint"), marked("touchpoints"), marked("countries")),
    *(marked("devices"), marked("not reached"), marked("under way")),
    *(marked("waiting"), marked("filling"), marked("replaced"), marked("deleted"), marked("failed")),
    *(marked("events"), marked("journeys"), marked("settings"), marked("active"), marked("new")),
    *(marked("returning"), marked("resurrected"), marked("dormant"), marked("planned"), marked("unplanned")),
    *(marked("viewer"), marked("editor"), marked("admin")),
    *(marked("refreshing"), marked("digest"), marked("regrouping"), marked("erasing")),  # jobs
    *(marked("housekeeping"), marked("filler")),
)
ENDS = (*flows.ENDS.values(), *explored_cells.ENDS.values())
ATTRIBUTES = (*OF_RUN, *OF_EVENT, *NAMED, "field", *OPERATORS)
TABLES = ("MEANINGS", "STANDING")
EXPLAINED = (discovery, discovery_journeys, discovery_steps, explored, lifecycle)  # whose words pages list


def vocabulary() -> Iterator[tuple[str, str]]:
    """Each text with the file that holds it: tables of texts, and what reports call themselves."""
    for table in (reasons.REASONS, refused_merges.REASONS, failures.SENTENCES):
        for said in table.values():
            yield from (("admin", text) for text in said if text)
    yield from (("journeys", text) for text in ENDS)
    yield from (("journeys", name.replace("_", " ")) for name in ATTRIBUTES)
    for module in EXPLAINED:
        yield from (("journeys", word.replace("_", " ")) for word in module.MEANINGS)
    for room in (admin, journeys):
        for found in walk_packages(room.__path__, f"{room.__name__}."):
            module = import_module(found.name)
            for value in vars(module).values():
                if isinstance(value, Report):
                    yield from ((_file(module.__name__), text) for text in _of_report(value))
                elif isinstance(value, Spoken):
                    yield from ((_file(module.__name__), text) for text in value.texts())
            for name in TABLES:
                yield from ((_file(module.__name__), text) for text in vars(module).get(name, {}).values())


def _of_report(report: Report) -> Iterator[str]:
    yield from (report.title, report.says)
    meanings = report.meanings
    assert isinstance(meanings, Spoken)
    yield from meanings.texts()
    yield from (word.replace("_", " ") for word in meanings)


def _file(module: str) -> str:
    return f"{module.replace('.', '/')}.py"
