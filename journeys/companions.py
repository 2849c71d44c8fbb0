"""The reports that can stand side by side, and for each the report that puts it there."""

from __future__ import annotations

from journeys import (
    facing_attribution,
    facing_breakdown,
    facing_conformance,
    facing_dropoffs,
    facing_retention,
    facing_signals,
    facing_variants,
)
from journeys.side_by_side_report import companion

FACING = (
    facing_dropoffs.FACING,
    facing_conformance.FACING,
    facing_variants.FACING,
    facing_signals.FACING,
    facing_retention.FACING,
    facing_breakdown.FACING,
    facing_attribution.FACING,
)
FACING_OF = {one.report.name: one for one in FACING}
COMPANIONS = {one.report.name: companion(one) for one in FACING}
