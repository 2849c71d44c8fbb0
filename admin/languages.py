"""The languages of which there is a catalogue: `translations/<language>/LC_MESSAGES/messages.po`."""

from __future__ import annotations

import io
import logging
from collections.abc import Container
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from admin.saying import names_in

ENGLISH = "en"
OF_SCRIPTS = "admin/assets/"
FOLDER = Path(__file__).parent / "translations"

log = logging.getLogger(__name__)


class Read(Translations):
    """A catalogue, with the texts that scripts say."""

    scripts: dict[str, str]


def languages(folder: Path = FOLDER) -> dict[str, Read | None]:
    """Each language by its name, such as de or pt_BR; English is what the code says."""
    found: dict[str, Read | None] = {ENGLISH: None}
    for path in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        name = path.parent.parent.name
        with path.open("rb") as file:
            found[str(Locale.parse(name))] = spoken(read_po(file, locale=name))
    return found


def spoken(catalog: Catalog) -> Read:
    """What a catalogue says; a translation that does not fit its text is left out."""
    for message in [*catalog]:
        if message.id and message.string and not fits(message.id, message.string):
            log.warning("The translation of %r to %s has other places or tags", message.id, catalog.locale)
            catalog.delete(message.id, message.context)
    file = io.BytesIO()
    write_mo(file, catalog)
    file.seek(0)
    read = Read(file)
    read.scripts = {
        message.id: message.string
        for message in catalog
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and any(where.startswith(OF_SCRIPTS) for where, _ in message.locations)
    }
    return read


def fits(text: str | tuple[str, ...] | list[str], said: str | tuple[str, ...] | list[str]) -> bool:
    """Whether a translation has no values but those of its text, and the same tags."""
    texts, said = ([one] if isinstance(one, str) else [*one] for one in (text, said))
    values, tags = names_in(texts[-1])
    found = [names_in(one) for one in said if one]
    return all(more[0] <= values and more[1] == tags for more in found)


def best(wanted: Locale, known: Container[str]) -> str | None:
    """The catalogue that speaks to who wants this: de for de_AT where there is none of Austria."""
    script = f"{wanted.language}_{wanted.script}"
    return next((one for one in (str(wanted), script, wanted.language) if one in known), None)
