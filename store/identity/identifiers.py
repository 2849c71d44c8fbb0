"""Typed identifiers: one way to write each, which of them name nobody, and how they are shown."""

from __future__ import annotations

import re

# What programs write where they know nobody; as an identity it would join strangers.
JUNK = frozenset(
    {
        *("", "null", "(null)", "undefined", "none", "nil", "nan", "n/a", "unknown", "(not set)", "not set"),
        *("anonymous", "anon", "guest", "true", "false", "0", "-1", "{}", "[]", "[object object]"),
        "00000000-0000-0000-0000-000000000000",
    }
)
# A word in place of a name, at a word in place of a company: `test@test.com`, `user@example.com`, `a@a.com`.
PLACEHOLDERS = frozenset(
    {
        *("test", "tester", "testing", "user", "username", "name", "yourname", "your", "you", "me", "email"),
        *(
            "mail",
            "example",
            "sample",
            "demo",
            "dummy",
            "fake",
            "foo",
            "bar",
            "abc",
            "asdf",
            "qwerty",
            "null",
        ),
        *("none", "na", "nobody", "noone", "someone", "anonymous", "guest", "unknown", "undefined", "admin"),
        *("customer", "domain", "company", "yourdomain", "yourcompany", "website", "invalid", "localhost"),
        *("a", "x", "aa", "aaa", "xx", "xxx", "123", "noemail"),
    }
)
NO_ANSWER = re.compile(r"(no|do)[-_.]?not?[-_.]?reply|no[-_.]?reply|mailer-daemon|no[-_.]?e?mail")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
# Ids that have fields of their own, and the other reasons for which identities are joined.
RESERVED = frozenset(
    {
        *("user", "anonymous", "user_id", "anonymous_id", "userid", "anonymousid"),
        *("identify", "both_ids", "alias", "operator"),
    }
)
COUNTING = ("01234567890123456", "98765432109876543")
SHORTEST_PHONE, LONGEST_PHONE = 7, 15  # digits
LONGEST_TYPE, LONGEST = 63, 256


def usable(value: str) -> str:
    """The id as it is kept, empty when it names nobody. No store keeps the NUL character in text."""
    if not value:
        return ""
    value = value.replace("\0", "").strip()
    return "" if value.lower() in JUNK else value


def type_of(given: str) -> str:
    """A type as it is kept: small letters, digits, `_.-`; empty for words that mean something else here."""
    kept = re.sub(r"[^a-z0-9_.-]+", "_", given.strip().lower())[:LONGEST_TYPE].strip("_.-")
    return "" if kept in RESERVED else kept


def normal(type: str, given: str) -> str:
    """The one way to write an identifier; empty when it names nobody."""
    value = usable(given)
    if not value or len(value) > LONGEST or len(set(value.replace("-", ""))) == 1 < len(value):
        return ""  # `000000000000000`, as devices say whose owners allow no identifier
    if type == "email":
        return _email(value)
    return _phone(value) if type == "phone" else value


def shown(kind: str, value: str) -> str:
    """An identifier as it is kept and shown: of e-mail addresses and phone numbers a part."""
    if kind == "email":
        name, _, host = value.partition("@")
        return f"{name[:1]}…@{host}"
    return f"{value[:3]}…{value[-2:]}" if kind == "phone" else value


def _email(value: str) -> str:
    value = value.lower().removeprefix("mailto:")
    name, _, host = value.partition("@")
    is_placeholder = name in PLACEHOLDERS and host.split(".")[0] in PLACEHOLDERS
    return "" if is_placeholder or not EMAIL.fullmatch(value) or NO_ANSWER.fullmatch(name) else value


def _phone(value: str) -> str:
    """Digits, with a `+` where the country is given."""
    plus = "+" if value.startswith(("+", "00")) else ""
    digits = re.sub(r"\D", "", value).removeprefix("00" if not value.startswith("+") else "")
    is_number = SHORTEST_PHONE <= len(digits) <= LONGEST_PHONE and len(set(digits)) > 1
    return plus + digits if is_number and not any(digits in row for row in COUNTING) else ""
