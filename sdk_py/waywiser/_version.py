"""The version of this library, as it is published and as it is sent with every message."""

__version__ = "0.1.0"
