"""Signs receipts, so that a changed one is known; the key comes from the installation's secret."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from store import kept
from store.settings import Settings

Receipt = dict[str, Any]


@dataclass(frozen=True)
class Signer:
    """Signs and checks. `name` tells which key it is, without telling the key."""

    key: bytes
    name: str

    @classmethod
    def of(cls, engine: Engine, settings: Settings) -> Signer:
        """The signer of an installation: by WAYWISER_SECRET_KEY, or the kept secret where that is unset."""
        secret = settings.secret_key or kept.value(engine, "secret_key")
        key = hmac.digest(secret.encode(), b"waywiser receipts of erasure", "sha256")
        return cls(key, hashlib.sha256(key + b"name").hexdigest()[:12])

    def signed(self, receipt: Mapping[str, Any]) -> Receipt:
        """The receipt with the name of the key and the signature."""
        whole = {**receipt, "key": self.name}
        return {**whole, "signature": self._signature(whole)}

    def is_valid(self, receipt: Mapping[str, Any]) -> bool:
        """Whether the receipt is as it was signed."""
        said = receipt.get("signature")
        rest = {name: value for name, value in receipt.items() if name != "signature"}
        return isinstance(said, str) and hmac.compare_digest(said.encode(), self._signature(rest).encode())

    def hash_of(self, identities: Iterable[int], salt: str) -> str:
        """A hash of identities by which nobody can be found without both this key and the identities."""
        listed = f"{salt}:{','.join(map(str, sorted(identities)))}"
        return hmac.new(self.key, listed.encode(), "sha256").hexdigest()

    def _signature(self, receipt: Mapping[str, Any]) -> str:
        return hmac.new(self.key, canonical(receipt), "sha256").hexdigest()


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: sorted names, no blanks."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":")).encode()


def fresh_salt() -> str:
    """A salt for one receipt."""
    return secrets.token_hex(16)
