"""Pages without the token that is another one in each second, to be compared with each other."""

from __future__ import annotations

import re


def without_tokens(page: str) -> str:
    """The text of a page without its tokens against forged requests."""
    return re.sub(r'(csrf[-_]token" (?:content|value))="[^"]*"', r"\1", page)
