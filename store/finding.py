"""What an examination of an installation found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was examined, whether it is as it must be, and what to do if not."""

    what: str
    good: bool
    says: str
