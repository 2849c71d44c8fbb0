"""How each part of an installation stands, as findings for `server/doctor.py`."""
