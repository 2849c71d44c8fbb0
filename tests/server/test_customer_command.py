"""`waywiser customer` and `waywiser retention` on an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.commands.customer import is_about
from store.event import identity_hash
from store.privacy.signing import Signer
from tests.installation import Installation

pytestmark = pytest.mark.slow
ROWS = """event,timestamp,user_id,anonymous_id,message_id
Seen,2020-01-05T10:00:00Z,,laptop,m1
Signed Up,2020-01-05T10:01:00Z,ada,laptop,m2
Signed Up,2020-02-05T10:01:00Z,bob,,m3
"""


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation with the history of two people."""
    place = Installation(tmp_path)
    place.init()
    (tmp_path / "history.csv").write_text(ROWS)
    place.run("import", "history.csv", "--project", "main")
    return place


def test_a_customer_is_exported_erased_and_not_brought_back_by_an_import(place: Installation) -> None:
    place.run("customer", "export", "laptop", "--project", "main", "--output", "ada.json")
    exported = json.loads((place.folder / "ada.json").read_text())
    assert [one["message_id"] for one in exported["events"]] == ["m1", "m2"]
    dry = place.run("customer", "erase", "ada", "--project", "main", "--dry-run", "--json").stdout
    assert json.loads(dry)["counts"]["events"] == 2
    wrong = place.run("customer", "erase", "ada", "--project", "main", "--confirm", "bob", fails=True)
    assert "nothing was erased" in wrong.stderr
    done = place.run("customer", "erase", "laptop", "--project", "main", "--confirm", "ada", "--rewrite")
    receipt = json.loads(done.stdout)
    assert (receipt["counts"]["events"], receipt["files_rewritten"]) == (2, True)
    assert sorted(place.stored_messages()) == ["m3"]
    (place.folder / "history.csv").write_text(ROWS.replace(",m1", ",new1").replace(",m2", ",new2"))
    again = json.loads(place.run("import", "history.csv", "--project", "main", "--json").stdout)
    assert (again["accepted"], again["rejected"]) == (1, 2)
    assert sorted(place.stored_messages()) == ["m3"]
    assert (
        "nobody in main is known as 'ada'"
        in place.run("customer", "export", "ada", "--project", "main", fails=True).stderr
    )
    _verifies(place, done.stdout)


def _verifies(place: Installation, receipt: str) -> None:
    file = place.folder / "receipt.json"
    file.write_text(receipt)
    ids = ("--id", "user: ada", "--id", "anonymous:laptop")
    assert (
        "as it was signed, and about these ids"
        in place.run("customer", "verify-receipt", "receipt.json", *ids).stdout
    )
    other = place.run("customer", "verify-receipt", "receipt.json", "--id", "user:bob", fails=True)
    assert "about other ids than these: it is about just 2" in other.stderr
    file.write_text(receipt.replace('"events": 2', '"events": 3'))
    assert "changed" in place.run("customer", "verify-receipt", "receipt.json", fails=True).stderr


def test_a_receipt_is_found_to_be_about_an_alias_by_either_kind() -> None:
    signer = Signer(b"secret", "name")
    erased = [identity_hash(*one) for one in (("user", "ada"), ("user", "old"), ("anonymous", "old"))]
    told = {"n": 3, "salt": "s", "hash": signer.hash_of(erased, "s")}
    assert is_about(told, ["user:ada", "user:old", "anonymous:old"], signer)
    assert is_about(told, ["user:ada", "user:old"], signer)
    assert is_about(told, ["user:ada", "anonymous:old"], signer)
    assert not is_about(told, ["user:ada"], signer)
    assert not is_about(told, ["user:ada", "user:older"], signer)
    assert not is_about(told, ["user:ada", "user:old", "anonymous:old", "user:bob"], signer)


def test_retention_says_what_would_go_and_keeps_imported_history_until_days_are_set(
    place: Installation,
) -> None:
    assert "0 events deleted" in place.run("retention").stdout
    script = (
        "from store.db import open_db\nfrom store.rules import ProjectRules, save_rules\n"
        "from store.settings import Settings\n"
        "save_rules(open_db(Settings.read().database_url), 1, ProjectRules(retention_days=365), now=0)"
    )
    place.run("-c", script)
    dry = json.loads(place.run("retention", "--dry-run", "--json").stdout)["main"]
    assert dry["events"] == {"2020-01": 2, "2020-02": 1}
    assert len(place.stored_messages()) == 3
    assert "3 events deleted" in place.run("retention", "--project", "main").stdout
    assert place.stored_messages() == []
