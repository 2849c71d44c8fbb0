"""What the admin writes to people: short plain letters with one link. They leave behind the answer's back."""

from __future__ import annotations

from admin.services import Services


def invitation(services: Services, to: str, link: str, *, project: str, by: str) -> bool:
    """Send an invitation; False where the installation sends no mail."""
    text = f"""{by} invites you to {project}, where customer journeys are measured.

Open this link within seven days to join:

{link}
"""
    return _send(services, to, f"Invitation to {project}", text)


def new_password(services: Services, to: str, link: str) -> bool:
    """Send the link to a new password; False where the installation sends no mail."""
    text = f"""Somebody, you we hope, has asked for a new password for {to}.

Open this link within an hour to choose one:

{link}

If it was not you, do nothing: the password stays as it is.
"""
    return _send(services, to, "A new password for Waywiser", text)


def _send(services: Services, to: str, subject: str, text: str) -> bool:
    if services.send_mail is None:
        return False
    services.send_mail(to, subject, text)
    return True
