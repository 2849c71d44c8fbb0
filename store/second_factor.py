"""The second factor of a sign-in: one-time codes by the clock (RFC 6238), and recovery codes.

The secret is kept as it is, because codes are computed from it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pyotp
from sqlalchemy import Engine, RowMapping, select, update

from store.db import writing
from store.projects import hashed
from store.tables import users

STEP_S = 30
SLACK = 1  # steps that a telephone's clock may be off
RECOVERY_CODES = 8


def new_secret() -> str:
    """A secret that nobody has yet."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """What an authenticator's camera reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Waywiser")


def turn_on(engine: Engine, user_id: int, secret: str, code: str, *, now: int) -> list[str] | None:
    """Ask for codes of this secret from now on; returns the recovery codes, or None for a wrong code."""
    step = _step(secret, code, now)
    if step is None:
        return None
    codes = [f"{secrets.token_hex(3)}-{secrets.token_hex(3)}" for _ in range(RECOVERY_CODES)]
    kept = {"totp_secret": secret, "totp_step": step, "recovery": [hashed(one) for one in codes]}
    with writing(engine) as connection:
        connection.execute(update(users).where(users.c.id == user_id).values(kept))
    return codes


def turn_off(engine: Engine, user_id: int) -> None:
    """Ask for no code any more."""
    kept = {"totp_secret": None, "totp_step": None, "recovery": None}
    with writing(engine) as connection:
        connection.execute(update(users).where(users.c.id == user_id).values(kept))


def passes(engine: Engine, user_id: int, code: str, *, now: int) -> bool:
    """Whether the code is right; each is good once, so that one who looks on cannot use it."""
    code = code.replace(" ", "").lower()
    with writing(engine) as connection:
        mine = users.c.id == user_id
        # Held until the end: who is faster with the same code has spent it.
        row = connection.execute(select(users).where(mine).with_for_update()).mappings().one()
        spent = _by_clock(row, code, now) or _by_recovery(row["recovery"] or [], code)
        if spent is None:
            return False
        connection.execute(update(users).where(mine).values(spent))
        return True


def _by_clock(row: RowMapping, code: str, now: int) -> dict[str, object] | None:
    step = _step(row["totp_secret"] or "", code, now)
    return {"totp_step": step} if step is not None and step > (row["totp_step"] or 0) else None


def _by_recovery(kept: Sequence[str], code: str) -> dict[str, object] | None:
    spent = hashed(code)
    return {"recovery": [one for one in kept if one != spent]} if spent in kept else None


def _step(secret: str, code: str, now: int) -> int | None:
    """The step of the clock whose code this is, or None."""
    code = code.replace(" ", "")
    this = now // 1000 // STEP_S
    if not secret or not (code.isascii() and code.isdigit()):
        return None
    maker = pyotp.TOTP(secret)
    near = range(this - SLACK, this + SLACK + 1)
    return next((step for step in near if secrets.compare_digest(maker.at(step * STEP_S), code)), None)
