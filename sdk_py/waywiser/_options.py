"""The client's settings: one frozen table, checked when the client is made."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from ._errors import DeliveryError
from ._reports import Drop
from ._transport import Transport

OnError = Callable[[DeliveryError], object]
OnDrop = Callable[[Drop], object]
BeforeSend = Callable[[dict[str, Any]], Optional[dict[str, Any]]]


MAX_SECONDS = 3600
MAX_SERVICE = 100
POLICIES = ("drop_newest", "drop_oldest", "block", "spool")


@dataclass(frozen=True)
class Options:
    """See `Client` for what each one means. Raises TypeError or ValueError that names the argument."""

    write_key: str = field(repr=False)
    host: str
    flush_at: int
    flush_interval: float
    max_queue: int
    on_full: str | None
    spool_dir: str | PathLike[str] | None
    max_spool: int
    durable: bool
    timeout: float
    sync: bool
    enabled: bool
    service: str
    before_send: BeforeSend | None
    on_error: OnError | None
    on_drop: OnDrop | None
    transport: Transport | None

    def __post_init__(self) -> None:
        _check_switch("enabled", self.enabled)
        _check_switch("sync", self.sync)
        _check_switch("durable", self.durable)
        _check_key(self.write_key, self.enabled)
        _check_host(self.host)
        _check_count("flush_at", self.flush_at)
        _check_count("max_queue", self.max_queue)
        _check_count("max_spool", self.max_spool)
        _check_spool(self.spool_dir, self.on_full, self.durable)
        _check_seconds("flush_interval", self.flush_interval)
        _check_seconds("timeout", self.timeout)
        _check_service(self.service)
        _check_callable("before_send", self.before_send)
        _check_callable("on_error", self.on_error)
        _check_callable("on_drop", self.on_drop)
        if self.transport is not None and not isinstance(self.transport, Transport):
            raise TypeError("transport must have the methods send(request) and close()")

    @property
    def policy(self) -> str:
        """What happens to a message that finds the queue full."""
        return self.on_full or ("spool" if self.spool_dir is not None else "drop_newest")

    @property
    def url(self) -> str:
        """Where batches go."""
        return self.host.rstrip("/") + "/v1/batch"


def _check_switch(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}")


def _check_service(value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"service must be text, not {type(value).__name__}")
    if len(value) > MAX_SERVICE or not value.isprintable():
        raise ValueError(f"service must be one line of at most {MAX_SERVICE} characters")


def _check_key(value: object, is_enabled: bool) -> None:
    if not isinstance(value, str):
        raise TypeError(f"write_key must be text, not {type(value).__name__}")
    if is_enabled and not value:
        raise ValueError("write_key is empty; the project's settings page shows it")
    if ":" in value or any(not letter.isprintable() or letter.isspace() for letter in value):
        raise ValueError("write_key must not contain colons, spaces or line ends")


def _check_host(value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"host must be text, not {type(value).__name__}")
    cure = "host must be an address such as https://waywiser.example.com"
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(f"{cure} ({error})") from None
    if not is_address or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(cure)
    if not _has_labels(parts.hostname or ""):
        raise ValueError(f"{cure} ({parts.hostname} cannot be a name)")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{cure}, without user name, query or fragment")


def _has_labels(name: str) -> bool:
    # As the resolver sees it: each label has 1 to 63 characters, and the last one may be empty.
    return ":" in name or all(0 < len(label) < 64 for label in name.removesuffix(".").split("."))


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be 1 or more, not {value}")


def _check_spool(folder: object, on_full: object, durable: bool) -> None:
    if folder is not None and not isinstance(folder, (str, PathLike)):
        raise TypeError(f"spool_dir must be a path, not {type(folder).__name__}")
    if folder is not None:
        path = os.fspath(folder)
        if not isinstance(path, str):
            raise TypeError(f"spool_dir must be a path as text, not {type(path).__name__}")
        if not path.strip() or "\0" in path:
            raise ValueError("spool_dir is empty or holds a zero byte; it must name a folder")
    if folder is not None and os.name != "posix":
        raise ValueError("spool_dir needs file locks, which this system does not have")
    if on_full is not None and on_full not in POLICIES:
        raise ValueError(f"on_full must be one of {', '.join(POLICIES)}")
    if folder is None and (durable or on_full == "spool"):
        raise ValueError("spool_dir is needed, so that there is a place to write to")


def _check_seconds(name: str, value: object) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not (math.isfinite(value) and 0 < value <= MAX_SECONDS):
        raise ValueError(f"{name} must be above 0 and at most {MAX_SECONDS} seconds, not {value}")


def _check_callable(name: str, value: object) -> None:
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function, not {type(value).__name__}")
