"""What pages and API do for people's privacy: export, erase, let come back, and how long events are kept."""

from __future__ import annotations

import logging

import msgspec
from flask import Response

from admin.services import Services
from journeys.export import export, is_known
from store.event import identity_hash
from store.identity.identifiers import normal, usable
from store.privacy.erasure import Erasure, Whom, begin, is_under_way
from store.privacy.horizon import horizon_of
from store.privacy.retention import Report, would_delete
from store.privacy.suppression import is_suppressed, lift
from store.projects import Project
from store.rules import alter_rules
from store.words import Spoken, tell

log = logging.getLogger("waywiser.privacy")

MOST_DAYS = 36_500
STAGES = Spoken(
    {
        "count": "waits to begin",
        "events": "deletes events, runs and sessions",
        "ledger": "takes the ids out of the ledger",
        "drops": "deletes refused events",
        "rules": "takes the ids out of the identity rules",
        "settle": "waits until every worker knows of it",
        "wait": "waits until what came before is worked off",
        "fills": "waits until counts end that are under way",
        "wait for fills": "waits until counts end that are under way",
        "leftovers": "deletes what such counts brought back",
        "rewrite": "writes files anew",
        "done": "done",
    }
)


def download(services: Services, project: Project, customer: int) -> Response:
    """A customer's export as a file that is written while it is read."""
    stores = services.engine, services.events, services.ledger
    refused = services.refused_of(project.id, customer)
    parts = export(*stores, project, customer, refused=refused, now=services.clock())
    name = f"{project.key}-customer-{customer}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(parts, mimetype="application/json", headers=headers)


def erase(services: Services, project: Project, whom: Whom, *, by: str, rewrite: bool) -> Erasure:
    """Ask for an erasure, and have it begun."""
    job = begin(services.engine, project.id, whom, by=by, now=services.clock(), rewrite=rewrite)
    log.info("%s asked for erasure %d in %s", by, job.id, project.key)
    services.wake_eraser()
    return job


def is_erased(services: Services, project: Project, number: int) -> bool:
    """Whether the customer of this number is being erased, or was and may not come back."""
    if number >= 2**63:
        return False
    engine, events, ledger = services.engine, services.events, services.ledger
    if is_under_way(engine, project.id, number):
        return True
    return is_suppressed(engine, project.id, number) and not is_known(events, ledger, project.id, number)


def lift_by_id(services: Services, project: Project, kind: str, value: str, *, by: str) -> int:
    """Let the person of an id come back; returns how many customers that are. Raises NotLifted."""
    id = usable(value) if kind in ("user", "anonymous") else normal(kind, value)
    lifted = lift(services.engine, project.id, [identity_hash(kind, id)]) if id else 0
    if lifted:
        log.info("%s let somebody who was erased come back to %s", by, project.key)
    return lifted


def would_delete_now(services: Services, project: Project, days: int = 0) -> Report:
    """What retention would delete now, with other days where they are given."""
    horizon = horizon_of(services.engine, services.settings, project.id, now=services.clock(), days=days)
    return would_delete(services.engine, services.events, horizon)


def keep_for(services: Services, project: Project, days: int, *, by: str) -> None:
    """Set for how many days a project keeps its events."""
    alter_rules(
        services.engine,
        project.id,
        lambda rules: msgspec.structs.replace(rules, retention_days=days),
        now=services.clock(),
    )
    log.info("%s set the retention of %s to %d days", by, project.key, days)


def stage_in_words(job: Erasure) -> str:
    """What an erasure does now."""
    stage = job.stage.removesuffix(" again")
    return str(STAGES.get(stage) or tell("looks for what came meanwhile"))
