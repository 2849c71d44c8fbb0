"""Accounts over the API: the list of all, and one with its members, traits and journeys."""

from __future__ import annotations

from itertools import chain
from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from admin import exports
from admin.api.endpoint import Call, Endpoint, Refused
from admin.exports import csv_file
from journeys import accounts
from journeys.routes import confirmed
from store.journeys import live_journeys


class FileAsked(Schema):
    """Which accounts are listed."""

    class Meta:
        """Arguments that the list does not know do no harm."""

        unknown = EXCLUDE

    query = fields.String(load_default="", metadata={"description": "part of an id, a name or another trait"})


class AccountsAsked(FileAsked):
    """The same, a page at a time."""

    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    cursor = fields.String(metadata={"description": "`next` of the answer before"})


class AccountAsked(Schema):
    """What the account reads."""

    class Meta:
        """Arguments that the account does not know do no harm."""

        unknown = EXCLUDE

    most = fields.Integer(
        load_default=accounts.MOST_MEMBERS,
        validate=validate.Range(1, 10_000),
        metadata={"description": "how many members at most"},
    )
    cursor = fields.String(metadata={"description": "`next` of the answer before: further members"})


def list_accounts(call: Call) -> dict[str, Any]:
    """Accounts that group events name, with their number of members; those told of last first."""
    asked = {"most": call.query["most"], "cursor": call.query.get("cursor")}
    return accounts.accounts(
        call.services.events, call.project.id, call.query["query"], now=call.now, **asked
    )


def list_accounts_csv(call: Call) -> Response:
    """All accounts that group events name, as a CSV file."""
    rows = accounts.every_found(call.services.events, call.project.id, call.query["query"], now=call.now)
    return csv_file("accounts", exports.accounts(rows))


def read_account(call: Call, account: str) -> dict[str, Any]:
    """One account: its traits with their history, its members, how far they came in each journey."""
    given = call.services
    versions = live_journeys(given.engine, call.project.id)
    found = accounts.account(
        given.events,
        given.ledger,
        call.project.id,
        account,
        versions=versions,
        cursor=call.query.get("cursor"),
        most=call.query["most"],
        routes=confirmed(given.engine, call.project.id),
    )
    if found is None:
        raise Refused(404, "not_found", f"there is no account {account!r}")
    return {**found, "history": accounts.history(given.events, call.project.id, account)}


def list_members_csv(call: Call, account: str) -> Response:
    """All members of an account as a CSV file."""
    given, routes = call.services, confirmed(call.services.engine, call.project.id)
    rows = accounts.every_member(given.events, given.ledger, call.project.id, account, routes=routes)
    if (first := next(rows, None)) is None:
        raise Refused(404, "not_found", f"there is no account {account!r}")
    return csv_file("members", exports.members(chain([first], rows)))


ENDPOINTS = [
    Endpoint("GET", "/accounts", list_accounts, query=AccountsAsked),
    Endpoint("GET", "/accounts.csv", list_accounts_csv, query=FileAsked),
    Endpoint("GET", "/accounts/<path:account>/members.csv", list_members_csv),
    Endpoint("GET", "/accounts/<path:account>", read_account, query=AccountAsked),
]
