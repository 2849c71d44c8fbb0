"""What the admin writes to people: short plain letters with one link. They leave behind the answer's back.

They are in English, for nobody knows which language those read to whom they go.
"""

from __future__ import annotations

from admin.services import Services
from store.words import in_english, tell


def invitation(services: Services, to: str, link: str, *, project: str, by: str) -> bool:
    """Send an invitation; False where the installation sends no mail."""
    with in_english():
        subject = tell("Invitation to %(project)s", project=project)
        text = _paragraphs(
            tell(
                "%(by)s invites you to %(project)s, where customer journeys are measured.",
                by=by,
                project=project,
            ),
            tell("Open this link within seven days to join:"),
            link,
        )
    return _send(services, to, subject, text)


def new_password(services: Services, to: str, link: str) -> bool:
    """Send the link to a new password; False where the installation sends no mail."""
    with in_english():
        subject = tell("A new password for Waywiser")
        text = _paragraphs(
            tell("Somebody, you we hope, has asked for a new password for %(email)s.", email=to),
            tell("Open this link within an hour to choose one:"),
            link,
            tell("If it was not you, do nothing: the password stays as it is."),
        )
    return _send(services, to, subject, text)


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(texts) + "\n"


def _send(services: Services, to: str, subject: str, text: str) -> bool:
    if services.send_mail is None:
        return False
    services.send_mail(to, subject, text)
    return True
