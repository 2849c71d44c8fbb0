"""Settings: a bad value stops the start with its name and what would be right, and shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.settings import BadSetting, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.read({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("PORT", "eighty", "whole number from 1 to 65535"),
        ("PORT", "70000", "whole number from 1 to 65535"),
        ("PORT", "--5", "whole number from 1 to 65535"),
        ("PORT", "²", "whole number from 1 to 65535"),
        ("PORT", "9" * 5000, "whole number from 1 to 65535"),
        ("HOST", "", "127.0.0.1"),
        ("ANONYMIZE_IP", "maybe", "true or false"),
        ("SERVER", "uvicorn", "one of granian, gunicorn"),
        ("GEOIP_DB", "/no/such/file.mmdb", "no such file"),
        ("SNIPPET_PATH", "w.js", "such as /w.js"),
        ("SNIPPET_PATH", "/a//w.js", "such as /w.js"),
        ("SNIPPET_PATH", "/<any>.js", "such as /w.js"),
        ("SNIPPET_PATH", "https://cdn.example/w.js", "such as /w.js"),
    ],
)
def test_a_bad_value_is_named_with_its_cure(name: str, value: str, cure: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings.read({f"WAYWISER_{name}": value})
    assert f"WAYWISER_{name}" in str(caught.value)
    assert value in str(caught.value)
    assert cure in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("DATABASE_URL", "mysql://ww:hunter2pw@db/ww", "sqlite:// or postgresql://"),
        ("DATABASE_URL", "postgresql:hunter2pw", "sqlite:// or postgresql://"),
        ("DATABASE_URL", "postgresql://ww:pw@db:hunter2pw/ww", "%40"),
        ("DATABASE_URL", "postgresql://ww:pw@hunter2pw@db/ww", "%40"),
        ("EVENTS_URL", "hunter2pw", "chdb:// or clickhouse://"),
        ("EVENTS_URL", "http://ww:hunter2pw@db/ww", "chdb:// or clickhouse://"),
        ("EVENTS_URL", "clickhouse://ww:hunter2pw/x@db/ww", "%2F"),
        ("EVENTS_URL", "clickhouse://ww:[hunter2pw@db/ww", "%5B"),
        ("EVENTS_URL", "clickhouse://ww:hunter2pw\u2100@db/ww", "cannot be read"),
        ("SECRET_KEY_FILE", "hunter2pw", "cannot be read"),
        ("SECRETKEY", "hunter2pw", "no such setting"),
        ("SECRET_KEY_FIL", "hunter2pw", "no such setting"),
        ("PORT", "tcp://ww:hunter2pw@db:80", "whole number"),
        ("GEOIP_DB", "https://ww:hunter2pw@db/city.mmdb", "no such file"),
    ],
)
def test_what_is_or_may_be_a_secret_is_never_shown(name: str, value: str, cure: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings.read({f"WAYWISER_{name}": value})
    assert f"WAYWISER_{name} " in str(caught.value)
    assert "hunter2pw" not in str(caught.value)
    assert cure in str(caught.value)


def test_the_usual_short_name_of_postgresql_is_understood() -> None:
    read = Settings.read({"WAYWISER_DATABASE_URL": "postgres://ww:pw/1@db/ww"})
    assert read.database_url == "postgresql://ww:pw/1@db/ww"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://?timeout=5"])
def test_a_database_that_would_end_with_its_process_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="name a file"):
        Settings.read({"WAYWISER_DATABASE_URL": url})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    read = Settings.read({"WAYWISER_SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert read.secret_key == "hush"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        Settings.read({"WAYWISER_SECRET_KEY_FILE": str(tmp_path / "none")})


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSetting, match=r"WAYWISER_SECRET_KEY_FILE .*holds no text"):
        Settings.read({"WAYWISER_SECRET_KEY_FILE": str(tmp_path / "secret")})


def test_what_is_no_secret_does_not_come_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no such setting"):
        Settings.read({"WAYWISER_PORT_FILE": str(tmp_path)})


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": "::1", "PORT": "81"}, "http://[::1]:81"),
        ({"PUBLIC_URL": "https://ww.shop.example/"}, "https://ww.shop.example"),
    ],
)
def test_the_address_can_be_opened_in_a_browser(given: dict[str, str], address: str) -> None:
    assert Settings.read({f"WAYWISER_{name}": value for name, value in given.items()}).address == address
