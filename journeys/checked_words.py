"""What the library that checks data says is wrong with them, so that pages can say it in another language."""

from __future__ import annotations

from store.retelling import Retold
from store.words import marked

CHECKED = Retold(
    (
        marked("Missing data for required field."),
        marked("Field may not be null."),
        marked("Unknown field."),
        marked("Invalid input type."),
        marked("Invalid type."),
        marked("Not a valid string."),
        marked("Not a valid number."),
        marked("Number too large."),
        marked("Not a valid integer."),
        marked("Not a valid boolean."),
        marked("Not a valid list."),
        marked("Not a valid mapping type."),
        marked("Must be one of: %(choices)s."),
        marked("Must be greater than or equal to %(least)s and less than or equal to %(most)s."),
        marked("Must be greater than or equal to %(least)s."),
        marked("Must be less than or equal to %(most)s."),
        marked("Length must be between %(least)s and %(most)s."),
        marked("Shorter than minimum length %(least)s."),
        marked("Longer than maximum length %(most)s."),
    )
)
