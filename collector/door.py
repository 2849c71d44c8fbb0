"""What the door needs from outside, handed in once by whoever composes the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from collector.counters import Counters, Traffic
from store.inbox import Inbox
from store.rules import ProjectRules, standard
from store.settings import Settings


@dataclass(frozen=True)
class Door:
    """Handles of the door. `clock` answers milliseconds since 1970; `snippet` is the folder of w.js."""

    engine: Engine
    inbox: Inbox
    settings: Settings
    clock: Callable[[], int]
    snippet: Path
    rules: Callable[[int], ProjectRules] = standard
    counters: Counters | None = None  # of the worker in the same process, for the health page
    traffic: Traffic = field(default_factory=Traffic)  # what this door answered
