"""One Waywiser for all client libraries; the tests of a file start it and stop it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.sending import LIBRARIES
from tests.installation import Installation


@pytest.fixture(scope="session")
def clients_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with keys; its server does not run."""
    if not LIBRARIES.is_dir():
        pytest.fail("the client libraries are not installed: run `npm ci` in tests/clients, or `make test`")
    place = Installation(tmp_path_factory.mktemp("clients"))
    place.init()
    yield place
    place.stop()
