"""What the other rooms need of identities: what one is, what links two, and the ledger of all."""

from __future__ import annotations

from store.identity.ledger import Ledger
from store.identity.links import Identity, Link, named

__all__ = ["Identity", "Ledger", "Link", "named"]
