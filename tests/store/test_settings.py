"""Settings: a bad value stops the start with its name, its value and what would be right."""

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
        ("ANONYMIZE_IP", "maybe", "true or false"),
        ("SERVER", "uvicorn", "one of granian, gunicorn"),
        ("DATABASE_URL", "mysql://x", "sqlite:// or postgresql://"),
        ("EVENTS_URL", "data/events", "chdb:// or clickhouse://"),
        ("GEOIP_DB", "/no/such/file.mmdb", "no such file"),
        ("PROT", "80", "no such setting"),
    ],
)
def test_a_bad_value_is_named_with_its_cure(name: str, value: str, cure: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Settings.read({f"WAYWISER_{name}": value})
    assert f"WAYWISER_{name}" in str(caught.value)
    assert value in str(caught.value)
    assert cure in str(caught.value)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    read = Settings.read({"WAYWISER_SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert read.secret_key == "hush"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        Settings.read({"WAYWISER_SECRET_KEY_FILE": str(tmp_path / "none")})


def test_what_is_no_secret_does_not_come_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no such setting"):
        Settings.read({"WAYWISER_PORT_FILE": str(tmp_path)})
