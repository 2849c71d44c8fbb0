"""Two people change rules, a journey or a segment at once: nothing is lost in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from admin import joining
from admin.seen import DefinitionChanged, only_over, version_of
from store.journeys import save_version
from store.projects import create_project
from store.rules import IDENTIFIERS, IdentifierRule, ProjectRules, alter_rules, rules_of, save_rules
from store.segments import save_segment
from tests.admin.conftest import NOW, Shop
from tests.admin.test_api import asking

PAGE, IDENTITY_PAGE = "/p/shop/settings/rules", "/p/shop/settings/rules/identity"
DATA = {"violations": "drop", "unplanned": "allow", "do": "save"}
IDENTITY = {"blocked_ids": "mine", "most_neighbours": "100"}


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\w+)"', text)
    assert found
    return found[1]


def rules(shop: Shop) -> ProjectRules:
    return rules_of(shop.services.engine, shop.project.id)


def keep(shop: Shop, kept: ProjectRules) -> None:
    save_rules(shop.services.engine, shop.project.id, kept, now=NOW)


def test_data_rules_that_somebody_else_has_changed_are_not_replaced_unseen(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    seen = hidden(client.get(PAGE).text, "seen")
    theirs = ProjectRules(unplanned="mark")
    keep(own_shop, theirs)
    refused = client.post(PAGE, data=DATA | {"seen": seen})
    assert refused.status_code == 409
    assert "Somebody else has changed these rules" in refused.text
    assert rules(own_shop) == theirs
    again = client.post(PAGE, data=DATA | {"seen": hidden(refused.text, "seen")})
    assert again.status_code == 302
    assert rules(own_shop).violations == "drop"


def test_identity_rules_that_somebody_else_has_changed_are_not_replaced_unseen(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    looked = client.post(
        IDENTITY_PAGE, data=IDENTITY | {"seen": hidden(client.get(IDENTITY_PAGE).text, "seen")}
    )
    form = IDENTITY | {"do": "save"} | {name: hidden(looked.text, name) for name in ("seen", "previewed")}
    theirs = ProjectRules(blocked_ids=("theirs",))
    keep(own_shop, theirs)
    refused = client.post(IDENTITY_PAGE, data=form)
    assert (refused.status_code, rules(own_shop)) == (409, theirs)
    assert "Somebody else has changed these rules" in refused.text
    assert client.post(IDENTITY_PAGE, data=form | {"seen": hidden(refused.text, "seen")}).status_code == 302
    assert rules(own_shop).blocked_ids == ("mine",)


def test_one_page_does_not_stand_in_the_way_of_the_other(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    seen = hidden(client.get(PAGE).text, "seen")
    keep(own_shop, ProjectRules(blocked_ids=("theirs",)))
    assert client.post(PAGE, data=DATA | {"seen": seen}).status_code == 302
    assert rules(own_shop).blocked_ids == ("theirs",)


@pytest.mark.parametrize("path", ["/rules", "/identities/rules"])
def test_the_api_replaces_the_version_that_was_read(own_shop: Shop, path: str) -> None:
    ask = asking(own_shop)
    version = ask("GET", path)[1]["version"]
    keep(own_shop, ProjectRules(blocked_ids=("theirs",), unplanned="mark"))
    status, refused = ask("PUT", f"{path}?version={version}", json={})
    assert (status, refused["code"], refused["field"]) == (409, "rules_changed", "version")
    status, kept = ask("PUT", f"{path}?version={ask('GET', path)[1]['version']}", json={})
    assert (status, kept["version"]) == (200, version)


def test_changes_at_once_lose_nothing(pg_engine: Engine, engine: Engine) -> None:
    for db in (pg_engine, engine):
        project = create_project(db, key="p", name="P", now=0).id

        def add(n: int, db: Engine = db, project: int = project) -> None:
            alter_rules(db, project, lambda old: ProjectRules(blocked_ids=(*old.blocked_ids, str(n))), now=n)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(20)))
        assert sorted(map(int, rules_of(db, project).blocked_ids)) == list(range(20))


@pytest.mark.parametrize("save", [save_version, save_segment])
@pytest.mark.parametrize("begun", [True, False])
def test_of_several_who_saw_the_same_one_alone_replaces_it(
    pg_engine: Engine, engine: Engine, save: Callable[..., object], begun: bool
) -> None:
    first = {"key": "one", "name": "First"}
    seen = version_of(first if begun else {})
    for db in (pg_engine, engine):
        project = create_project(db, key="p", name="P", now=0).id
        if begun:
            save(db, project, first, by="a", now=0)

        def replaces(n: int, db: Engine = db, project: int = project) -> bool:
            mine = {"key": "one", "name": str(n)}
            try:
                save(db, project, mine, by="a", now=n, check=only_over(mine, seen))
            except DefinitionChanged:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(replaces, range(8))) == 1


def test_saving_the_form_as_it_is_changes_no_priority() -> None:
    kept = ProjectRules()
    assert joining.checked(joining.as_form(kept), kept) == kept


@pytest.mark.parametrize(
    ("types", "priorities"),
    [
        (["crm_id", "email", "phone"], [10, 20, 30]),
        (["crm_id", "phone", "new"], [10, 30, 31]),
        (["email", "crm_id", "phone"], [1, 2, 3]),
        (["new", "crm_id"], [1, 2]),
        (["device_id", "ios.id"], [40, 40]),
        ([], []),
    ],
)
def test_types_keep_their_priority_until_one_is_moved(types: list[str], priorities: list[int]) -> None:
    form = {
        "identifiers": [{"type": one, "limit": "3"} for one in types],
        "blocked_ids": "",
        "most_neighbours": "9",
    }
    found = joining.checked(form, ProjectRules(identifiers=IDENTIFIERS)).identifiers
    assert found == tuple(IdentifierRule(one, 3, at) for one, at in zip(types, priorities, strict=True))
