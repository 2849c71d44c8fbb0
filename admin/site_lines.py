"""The lines that bring the snippet onto a site, for each kind of site."""

from __future__ import annotations

import json

from admin.paste import attributes, paste_line
from store.settings import Settings
from store.words import Spoken

SITES = Spoken(
    {
        "html": "Any web site",
        "app": "Single-page app",
        "next": "Next.js",
        "package": "npm package",
        "tag-manager": "Google Tag Manager",
        "wordpress": "WordPress",
        "shopify": "Shopify",
    }
)

NEXT = """\
import Script from "next/script";

export default function RootLayout({ children }) {
  return (
    <html lang="en">
      <body>
        {children}
        <Script ATTRIBUTES />
      </body>
    </html>
  );
}"""
WORDPRESS = """\
add_action( 'wp_head', function () { ?>
LINE
<?php } );"""


def site_lines(site: str, settings: Settings, write_key: str, *, cookieless: bool = False) -> str:
    """The lines to paste into a site of this kind."""
    said = attributes(settings, write_key, cookieless=cookieless)
    line = paste_line(settings, write_key, cookieless=cookieless)
    match site:
        case "next":
            return NEXT.replace("ATTRIBUTES", " ".join(f'{name}="{value}"' for name, value in said.items()))
        case "package":
            return _package(settings, write_key, cookieless)
        case "tag-manager":
            return _made_by_script(said)
        case "wordpress":
            return WORDPRESS.replace("LINE", line)
    return line


def _package(settings: Settings, write_key: str, cookieless: bool) -> str:
    more = ", cookieless: true" if cookieless else ""
    options = f"{{ key: {json.dumps(write_key)}, host: {json.dumps(settings.address)}{more} }}"
    return f'import {{ init }} from "@waywiser/browser";\n\ninit({options});'


def _made_by_script(said: dict[str, str]) -> str:
    """The element made by a script: tag managers drop what they do not know of one that is pasted."""
    sets = "".join(
        f"  snippet.setAttribute({json.dumps(name)}, {json.dumps(value)});\n" for name, value in said.items()
    )
    begin = '<script>\n  var snippet = document.createElement("script");\n  snippet.async = true;\n'
    return f"{begin}{sets}  document.head.appendChild(snippet);\n</script>"
