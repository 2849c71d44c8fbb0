"""What the other rooms need of identities: what one is, what links two, and the ledger of all."""

from __future__ import annotations

from store.ledger import Ledger
from store.links import Identity, Link

__all__ = ["Identity", "Ledger", "Link"]
