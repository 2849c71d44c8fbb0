"""Every setting of Waywiser in one frozen table, read once from WAYWISER_* environment variables."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from store.complaint import Complaint

PREFIX = "WAYWISER_"
# Python's own words for such an address can quote a part of its password.
UNREADABLE = "its host or port cannot be read; write @ / : ? # [ in a password as %40 %2F %3A %3F %23 %5B"


class BadSetting(Complaint):
    """A setting cannot be used: the message names it and what would be right, and its value if that is given.

    Secrets are not to be given, nor what may be one: a misspelt name, the path of a secret's file.
    """

    def __init__(self, name: str, cure: str, *, value: str | None = None) -> None:
        shown = " cannot be used" if value is None else f" is {_without_password(value)!r}"
        super().__init__(f"{PREFIX}{name}{shown}: {cure}")


def _without_password(value: str) -> str:
    return re.sub(r"//.*@", "//…@", value, flags=re.DOTALL)


def _text(value: str) -> str:
    return value


def _flag(value: str) -> bool:
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("give true or false")


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        # The longest limits have ten digits; int() would take thousands of them, and signs of other scripts.
        if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
            raise ValueError(f"give a whole number from {least} to {most}")
        return int(value)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"give one of {', '.join(choices)}")
        return value.lower()

    return parse


def _host(value: str) -> str:
    if not value.strip():
        raise ValueError("give an address, such as 127.0.0.1, or 0.0.0.0 for all of this machine")
    return value.strip()


def _url(value: str, *schemes: str) -> None:
    if "://" not in value or re.split(r"\+|:", value.lower())[0] not in schemes:
        raise ValueError(f"give an address that starts with {' or '.join(s + '://' for s in schemes)}")


def _database_url(value: str) -> str:
    value = re.sub(r"^postgres://", "postgresql://", value)
    _url(value, "sqlite", "postgresql")
    try:
        address = make_url(value)
    except (ValueError, ArgumentError):
        raise ValueError(UNREADABLE) from None
    if "@" in (address.host or ""):
        raise ValueError(UNREADABLE)
    if address.get_backend_name() == "sqlite" and ":memory:" in (address.database or ":memory:"):
        raise ValueError(
            "a database in memory ends with its process; name a file, such as sqlite:///data/waywiser.db"
        )
    return value


def _events_url(value: str) -> str:
    _url(value, "chdb", "clickhouse", "clickhouses")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError(UNREADABLE) from None
    return value


def _smtp_url(value: str) -> str:
    if value:
        _url(value, "smtp", "smtps")
        try:
            parts = urlsplit(value)
            if not parts.hostname or parts.port == 0:
                raise ValueError
        except ValueError:
            raise ValueError(UNREADABLE) from None
    return value


def _sender(value: str) -> str:
    if "@" not in value or not value.isprintable():
        raise ValueError("give an address, such as Waywiser <waywiser@example.com>")
    return value


def _script_path(value: str) -> str:
    if not re.fullmatch(r"(/[a-zA-Z0-9~_-][a-zA-Z0-9.~_-]*)+\.js", value):
        raise ValueError("give a path that ends in .js, such as /w.js or /assets/stats.js")
    return value


def _file(value: str) -> str:
    if value and not Path(value).is_file():
        raise ValueError("there is no such file; give the path of an existing one, or leave it unset")
    return value


def _setting(default: Any, parse: Callable[[str], Any], doc: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"parse": parse, "doc": doc, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; field `database_url` is read from WAYWISER_DATABASE_URL, and so on."""

    database_url: str = _setting(
        "sqlite:///data/waywiser.db",
        _database_url,
        "Relational store: projects, keys, journeys, identities, inbox",
        secret=True,
    )
    events_url: str = _setting(
        "chdb:///data/events",
        _events_url,
        "Event store: a folder for the embedded engine (three slashes: relative to the working directory, "
        "four: absolute), or `clickhouse://user:password@host:8123/database` (`clickhouses://` for TLS)",
        secret=True,
    )
    events_memory_mb: int = _setting(
        0,
        _number(0, 10_000_000),
        "Most memory, in MiB, that all questions to the embedded engine may take together before the "
        "greatest is ended with an error; 0: three fifths of what the machine, or its container, has",
    )
    secret_key: str = _setting(
        "",
        _text,
        "Signs admin sessions and receipts of erasure; made once and kept in the relational store when unset",
        secret=True,
    )
    public_url: str = _setting(
        "", _text, "Address that browsers use to reach the collector; from HOST and PORT when unset"
    )
    snippet_path: str = _setting(
        "/w.js",
        _script_path,
        "Path of the browser snippet; the files beside it have names made from it, such as `/w.full.js`. "
        "`/w.js` answers too, whatever stands here",
    )
    server_cookie: bool = _setting(
        False,
        _flag,
        "Let pages ask the collector to keep the anonymous id in a cookie set over HTTP, which lasts where "
        "browsers cap cookies of scripts at seven days (docs/snippet.md)",
    )
    host: str = _setting("127.0.0.1", _host, "Address to listen on")
    port: int = _setting(8000, _number(1, 65535), "Port to listen on")
    server: str = _setting(
        "granian",
        _one_of("granian", "gunicorn"),
        "Web server; a slow client holds one of gunicorn's threads, so gunicorn needs a proxy in front that "
        "buffers requests, as nginx does",
    )
    threads: int = _setting(
        4, _number(1, 256), "Threads of one web process for what is sent, and as many for what is fetched"
    )
    geoip_db: str = _setting("", _file, "Path of an .mmdb city or country database; no place without one")
    asn_db: str = _setting(
        "",
        _file,
        "Path of an .mmdb network (ASN) database; without one, traffic from data centres is not recognised",
    )
    trusted_proxies: int = _setting(
        0, _number(0, 10), "How many proxies stand in front and set X-Forwarded-For"
    )
    anonymize_ip: bool = _setting(True, _flag, "Cut client addresses to /24 or /48 before they are written")
    retention_days: int = _setting(
        730,
        _number(1, 36500),
        "Days after their receipt that events are kept, where a project has no number of its own, and that "
        "copies of a message are recognised; also the oldest age of live events",
    )
    future_times: str = _setting(
        "clamp",
        _one_of("keep", "clamp", "drop"),
        "What to do with live events from the future: `keep` their time, `clamp` it to the time of receipt "
        "with a mark, or `drop` them",
    )
    old_times: str = _setting(
        "drop",
        _one_of("keep", "clamp", "drop"),
        "What to do with live events older than RETENTION_DAYS: `keep` their time, `clamp` it to that age "
        "with a mark, or `drop` them",
    )
    drops_days: int = _setting(90, _number(1, 36500), "How long refused events are kept for a replay")
    inbox_sync: str = _setting(
        "full", _one_of("full", "normal"), "How SQLite syncs the inbox: `full` survives a power cut"
    )
    inbox_limit: int = _setting(
        1_000_000, _number(100, 1_000_000_000), "Envelopes that may wait before the collector answers 503"
    )
    disk_reserve_mb: int = _setting(
        256, _number(0, 10_000_000), "Free disk, in MiB, below which the collector answers 503"
    )
    rate_limit: int = _setting(
        0,
        _number(0, 10_000_000),
        "Events a second that one write key may send to one process before it is answered 429; 0: no limit",
    )
    batch_events: int = _setting(
        20_000, _number(1, 100_000), "Most events that the worker takes in one batch"
    )
    report_seconds: int = _setting(
        120,
        _number(0, 86_400),
        "Longest that one question of a report may take before it is ended with an error; that of a file ten "
        "times as long; 0: no limit",
    )
    metrics_token: str = _setting(
        "",
        _text,
        "Bearer token that opens /metrics; without one, only this machine itself may read it",
        secret=True,
    )
    metrics_port: int = _setting(
        0, _number(0, 65535), "Port on which `waywiser worker` serves /metrics on 127.0.0.1; 0: not at all"
    )
    smtp_url: str = _setting(
        "",
        _smtp_url,
        "Mail server for invitations, new passwords and weekly digests, such as "
        "smtp://name:password@mail.example.com:587 or smtps://…; no mail without one",
        secret=True,
    )
    mail_from: str = _setting("Waywiser <waywiser@localhost>", _sender, "Sender of that mail")
    log_level: str = _setting("info", _one_of("debug", "info", "warning", "error"), "Least severe log line")

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; a secret may also come from the file named in NAME_FILE.

        Raises BadSetting for an unknown name or a value that cannot be used.
        """
        environment = os.environ if environment is None else environment
        given = {n[len(PREFIX) :]: v for n, v in environment.items() if n.startswith(PREFIX)}
        known = {f.name.upper(): f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in given.items():
            base = name.removesuffix("_FILE")
            if name not in known and base in known and known[base].metadata["secret"]:
                name, value = base, _secret_from(base, value)
            if name not in known:
                raise BadSetting(name, f"there is no such setting; known are {', '.join(known)}")
            one = known[name]
            try:
                values[one.name] = one.metadata["parse"](value)
            except ValueError as error:
                shown = None if one.metadata["secret"] else value
                raise BadSetting(name, str(error), value=shown) from None
        return cls(**values)

    @property
    def address(self) -> str:
        """The address for browsers, without a slash at the end."""
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - a comparison
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def _secret_from(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:  # a ValueError: no text, or no path
        cause = error.strerror if isinstance(error, OSError) else "it holds no text"
        raise BadSetting(
            f"{name}_FILE", f"the file cannot be read ({cause}); give the path of a text file with the secret"
        ) from None


def table() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, as the README shows them."""
    return [(PREFIX + f.name.upper(), _written(f.default), str(f.metadata["doc"])) for f in fields(Settings)]


def _written(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
