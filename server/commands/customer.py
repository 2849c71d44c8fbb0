"""`waywiser customer`: export or erase one, and check a receipt."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import click
import msgspec

from journeys.export import export, is_known
from server.erasing import STAGES, Erasing
from server.house import House
from server.opening import now_ms, open_relational
from server.progress import Report as Progress
from server.progress import bar
from store.event import identity_hash
from store.folder import folder_is_free
from store.identity.identifiers import normal, usable
from store.privacy.erasure import NotErasable, Whom, begin, erasure_of, find_whom
from store.privacy.signing import Signer
from store.projects import Project, project_by_key
from store.settings import Settings

KINDS = ("user", "anonymous")
MOST_GUESSES = 10_000  # at which kinds of ids a receipt may mean
PROJECT = click.option("--project", "project_key", required=True, help="Project of the customer.")


@click.group("customer")
def customer_group() -> None:
    """Export or erase a customer, and check receipts of erasures."""


@customer_group.command("export")
@click.argument("id")
@PROJECT
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def export_customer(id: str, project_key: str, output: Path | None) -> None:
    """Write everything that is kept of the customer with this ID as JSON.

    ID is a user id or anonymous id as it was sent, or the customer's number in the admin.
    """
    settings = _for_one_process(Settings.read())
    with House(settings) as house:
        project = project_by_key(house.engine, project_key)
        number = _number(house, project, id)
        stores = house.engine, house.events, house.ledger
        refused = house.eraser.refused_of(project.id, number)
        parts = export(*stores, project, number, refused=refused, now=now_ms())
        with click.open_file(str(output) if output else "-", "w", encoding="utf-8") as file:
            file.writelines(parts)


@customer_group.command("erase")
@click.argument("id")
@PROJECT
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--confirm", default=None, metavar="ID", help="The id once more; asked for when left out.")
@click.option("--rewrite", is_flag=True, help="Write the event store's files anew at once.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def erase_customer(
    id: str, project_key: str, dry_run: bool, confirm: str | None, rewrite: bool, as_json: bool
) -> None:
    """Erase the customer with this ID, and print the signed receipt.

    ID is a user id or anonymous id as it was sent, or the customer's number in the admin.
    """
    settings = _for_one_process(Settings.read())
    with House(settings) as house:
        project = project_by_key(house.engine, project_key)
        number = _number(house, project, id)
        whom = find_whom(house.events, house.ledger, project.id, number)
        if whom is None:
            raise NotErasable(f"nothing is known of {id!r}")
        _tell_counts(whom, house.eraser.counted(project.id, whom), as_json and dry_run)
        if dry_run:
            return
        typed = confirm if confirm is not None else click.prompt(f"Type {whom.name} to erase", err=True)
        if typed != whom.name:
            raise NotErasable(f"{typed!r} is not {whom.name!r}: nothing was erased")
        job = begin(
            house.engine, project.id, whom, by="waywiser customer erase", now=now_ms(), rewrite=rewrite
        )
        with bar(hidden=as_json) as progress:
            _work(house, project, job.id, progress)
        done = erasure_of(house.engine, project.id, job.id)
        click.echo(json.dumps(done.receipt if done else None, indent=2))


@customer_group.command("verify-receipt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="KIND:VALUE",
    help="All ids of a person, each with this option: whether the receipt is about just these.",
)
def verify_receipt(file: Path, ids: tuple[str, ...]) -> None:
    """Say whether the receipt in FILE is as this installation signed it."""
    settings = Settings.read()
    engine = open_relational(settings)
    signer = Signer.of(engine, settings)
    engine.dispose()
    try:
        receipt = msgspec.json.decode(file.read_bytes(), type=dict)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{file.name} is no receipt: {error}") from None
    if receipt.get("key") != signer.name:
        raise click.ClickException(
            "the receipt was changed, or signed with another key: set WAYWISER_SECRET_KEY to the one of then"
        )
    if not signer.is_valid(receipt):
        raise click.ClickException("the receipt was changed after it was signed")
    if ids and not is_about(receipt["identities"], ids, signer):
        raise click.ClickException(
            "the receipt is as it was signed, but about other ids than these: it is about just "
            f"{receipt['identities']['n']}; name all that the export lists"
        )
    click.echo("the receipt is as it was signed" + (", and about these ids" if ids else ""))


def is_about(told: Mapping[str, Any], ids: Collection[str], signer: Signer) -> bool:
    """Whether a receipt is about just these ids; an alias has erased some as the other kind as well."""
    named = set(map(_identity, ids))
    parts = [text.partition(":") for text in ids]
    twins = {
        identity_hash(kind, usable(value)) for kind in KINDS for known, _, value in parts if known in KINDS
    }
    others, missing = sorted(twins - named), told["n"] - len(named)
    if not 0 <= missing <= len(others) or comb(len(others), missing) > MOST_GUESSES:
        return False
    return any(
        signer.hash_of(named | set(some), told["salt"]) == told["hash"]
        for some in combinations(others, missing)
    )


def _work(house: House, project: Project, erasure: int, progress: Progress) -> None:
    """Erase, beside a worker that takes the inbox along."""
    keeper = Erasing(house.eraser)
    if house.events.embedded:
        house.batches.release_all()
    while (job := erasure_of(house.engine, project.id, erasure)) and not job.is_done:
        progress("erasing", list(STAGES).index(job.stage), len(STAGES))
        house.worker.drain()
        keeper.turn()
        time.sleep(0.2)


def _identity(text: str) -> int:
    kind, sign, value = text.partition(":")
    if not sign:
        raise click.BadParameter(f"{text!r} is not of the form KIND:VALUE, such as user:ada")
    return identity_hash(kind, usable(value) if kind in KINDS else normal(kind, value))


def _for_one_process(settings: Settings) -> Settings:
    """The embedded event store serves one process; raises NotErasable while another has it."""
    if not folder_is_free(settings.events_url):
        raise NotErasable(
            "a Waywiser runs on this event folder: use the customer's page or the API, or stop it first"
        )
    return settings


def _number(house: House, project: Project, id: str) -> int:
    """The number of the customer with an id."""
    hashes = [identity_hash(kind, id) for kind in KINDS]
    candidates = [*hashes, *([int(id)] if id.isascii() and id.isdigit() and int(id) < 2**63 else [])]
    for one in candidates:
        if is_known(house.events, house.ledger, project.id, one):
            return _customer(house, project, one)
    raise NotErasable(f"nobody in {project.key} is known as {id!r}; write the id as it was sent")


def _customer(house: House, project: Project, identity: int) -> int:
    found = house.ledger.customers_of(project.id, [identity])
    return found.pop() if len(found) == 1 else identity


def _tell_counts(whom: Whom, counts: dict[str, int], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"customer": str(whom.customer), "counts": counts}))
        return
    for kind, n in counts.items():
        click.echo(f"{n:10} {kind}", err=True)
    if whom.neighbours:
        click.echo(
            f"{len(whom.shared)} ids are shared with {len(whom.neighbours)} others, who keep them", err=True
        )


COMMANDS = [customer_group]
