"""How much memory there is: that of the machine, or of the container that this process may not leave."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

MIB = 1 << 20
OF_QUESTIONS = 0.6  # of it; the rest is for the program itself, merges, caches and the system
# Where Linux says what a container may take, newer and older; a machine has no number there, or a huge one.
CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def there_is(limits: Sequence[Path] = CONTAINER) -> int:
    """The bytes of memory that this process can hope for."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *(limit for path in limits if (limit := _read(path)))])


def for_questions(mib: int = 0) -> int:
    """The bytes that all statements under way may take together: so many MiB, or a part of what there is."""
    return mib * MIB if mib else int(there_is() * OF_QUESTIONS)


def _read(path: Path) -> int:
    try:
        said = path.read_text().strip()
    except OSError:
        return 0
    return int(said) if said.isdecimal() else 0
