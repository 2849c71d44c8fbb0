"""The reports that there are, in the order in which people ask."""

from __future__ import annotations

from journeys.conformance import CONFORMANCE
from journeys.report import Report

REPORTS: tuple[Report, ...] = (CONFORMANCE,)
BY_NAME = {report.name: report for report in REPORTS}
