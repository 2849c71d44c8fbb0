"""Counts what is written to the event store, so that answers computed before can be told from later ones."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection

Mark = tuple[int, int]


class Changes:
    """Numbers that grow with every write of this process, for each project and for all of them together."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._of_all = 0
        self._of: Counter[int] = Counter()

    def note(self, projects: Collection[int] | None) -> None:
        """Something of these projects was written; of any, where None says that nobody knows of which."""
        with self._guard:
            if projects is None:
                self._of_all += 1
            else:
                self._of.update(projects)

    def mark(self, project: int) -> Mark:
        """What is another one after each write that may concern the project."""
        with self._guard:
            return self._of_all, self._of[project]
