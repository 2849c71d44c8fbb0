"""What people can mend: commands say it in one sentence, without the place in the program."""

from __future__ import annotations


class Complaint(Exception):
    """Something is not as it must be; the message names the cause and the cure."""
