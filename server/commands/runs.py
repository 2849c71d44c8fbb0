"""`waywiser runs`: what is stored of journeys, counted anew, paused, resumed and checked."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence

import click
from sqlalchemy import Engine

from journeys.checking import Difference, differing
from journeys.definitions import is_of_accounts
from server.checker import PAUSES_S, Checker
from server.filler import Filler
from server.opening import now_ms, open_events, open_relational
from server.progress import bar
from store.checks import Check, ask_for, check_of, of_version, take_back
from store.events import EventStore
from store.folder import folder_is_free
from store.identity import Ledger
from store.journeys import (
    ANSWERING,
    JourneyVersion,
    fill_again,
    live_journey,
    pause,
    resume,
    versions_of,
)
from store.projects import project_by_key
from store.settings import Settings

Turn = Callable[[Engine, int], bool]

PATIENCE_S = 60.0  # until the check is begun
PAUSE_S = 0.5
MOST_TEXTS = 10
JOURNEY = click.argument("journey")
PROJECT = click.option("--project", "project_key", required=True, help="Project of the journey.")


@click.group()
def runs() -> None:
    """Runs, as they are counted from events."""


@runs.command()
@JOURNEY
@PROJECT
def rebuild(journey: str, project_key: str) -> None:
    """Count all runs of a journey anew; the old ones answer until then.

    A count that breaks off goes on where it was when Waywiser starts again.
    """
    settings = Settings.read()
    engine = open_relational(settings)
    version = _answering(engine, project_key, journey)
    fill_again(engine, version.id)
    if not folder_is_free(settings.events_url):
        click.echo("the Waywiser that runs counts them now")
        return
    events = open_events(settings)
    with bar() as report:
        Filler(engine, events).fill_all(lambda one, done, total: report(one.definition["key"], done, total))
    events.close()
    click.echo(f"{journey}: version {version.version} is counted anew")


@runs.command("pause")
@JOURNEY
@PROJECT
def pause_filling(journey: str, project_key: str) -> None:
    """Let the counting of a journey's runs wait when the part in hand is done."""
    _turn(journey, project_key, pause, "is paused", "no version of {} is being counted")


@runs.command("resume")
@JOURNEY
@PROJECT
def resume_filling(journey: str, project_key: str) -> None:
    """Let a paused counting go on where it was."""
    _turn(journey, project_key, resume, "goes on", "no version of {} is paused")


@runs.command()
@JOURNEY
@PROJECT
@click.option(
    "--sample", default=1_000, show_default=True, type=click.IntRange(1), help="How many customers."
)
@click.option(
    "--seed", default=None, type=click.IntRange(0, 2**63), help="Which ones; others each time if left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def verify(journey: str, project_key: str, sample: int, seed: int | None, as_json: bool) -> None:
    """Count the runs of some customers, or accounts, anew, and compare them with the stored ones.

    Where Waywiser runs, it is asked to do so. The exit code is 1 where some differ. Nothing is changed.
    """
    settings = Settings.read()
    engine = open_relational(settings)
    version = _answering(engine, project_key, journey)
    if version.status not in ANSWERING:
        raise click.ClickException(f"the runs of {journey!r} are not all counted yet")
    asked = of_version(version, by="command line", now=now_ms(), most=sample, seed=seed)
    ask_for(engine, asked)
    texts: list[Difference] = []
    if folder_is_free(settings.events_url):
        events = open_events(settings)
        texts = _made(engine, events, version)
        events.close()
    else:
        click.echo("the Waywiser that runs checks them now", err=True)
    done = _awaited(engine, asked)
    if done.problem:
        raise click.ClickException(done.problem)
    _tell(version, done, texts, as_json)
    sys.exit(1 if done.differing else 0)


def _made(engine: Engine, events: EventStore, version: JourneyVersion) -> list[Difference]:
    """Make the check, unless another process has begun it; returns some that differ, with their runs."""
    pauses_s = (0.0,) if events.embedded else PAUSES_S  # of a server others count at the same time
    Checker(engine, events, Ledger(engine, events), now_ms, pauses_s=pauses_s).do_one(version.id)
    check = check_of(engine, version.id)
    return differing(events, version, check.customers[:MOST_TEXTS]) if check else []


def _awaited(engine: Engine, asked: Check) -> Check:
    """The check when it is done, whoever makes it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        check = check_of(engine, asked.version)
        if check is None or (check.asked_at, check.by) != (asked.asked_at, asked.by):
            raise click.ClickException("somebody has asked for another check of it meanwhile; try again")
        if check.state == "done":
            return check
        if check.state == "waiting" and (check.problem or time.monotonic() > end):
            take_back(engine, check)
            raise click.ClickException(
                check.problem
                or "nobody makes the check: does another command, such as an import, hold the event folder?"
            )
        time.sleep(PAUSE_S)


def _tell(version: JourneyVersion, check: Check, texts: Sequence[Difference], as_json: bool) -> None:
    if as_json:
        told = {
            "journey": version.definition["key"],
            "version": version.version,
            "checked": check.checked,
            "n_differing": check.differing,
            "differing": [str(one) for one in check.customers],
        }
        click.echo(json.dumps(told))
        return
    whose = "account" if is_of_accounts(version.definition) else "customer"
    click.echo(f"{check.checked} {whose}s checked, {check.differing} have other runs than their events make")
    for one in check.customers[:MOST_TEXTS]:
        click.echo(f"{whose} {one}")
        for text in texts:
            if text.customer == one:
                click.echo(f"  stored   {text.stored}\n  computed {text.computed}")


def _turn(journey: str, project_key: str, turn: Turn, done: str, otherwise: str) -> None:
    engine = open_relational(Settings.read())
    versions = versions_of(engine, project_by_key(engine, project_key).id, journey)
    turned = [one for one in versions if turn(engine, one.id)]
    if not turned:
        raise click.ClickException(otherwise.format(journey))
    for one in turned:
        parts = f"{one.chunks_done} of {one.chunks_total or '?'} parts are counted"
        click.echo(f"{journey}: version {one.version} {done}; {parts}")


def _answering(engine: Engine, project_key: str, journey: str) -> JourneyVersion:
    version = live_journey(engine, project_by_key(engine, project_key).id, journey)
    if version is None:
        raise click.ClickException(f"there is no journey {journey!r} in project {project_key!r}")
    return version


COMMANDS = [runs]
