"""Send customer touchpoints from Python services to Waywiser; everything public is named here."""

from ._client import Client
from ._context import Context, context, current_context
from ._errors import ConnectionFailed, DeliveryError, RequestRefused, WaywiserError
from ._http import HttpTransport
from ._memory import MemoryTransport
from ._reports import CloseReport, Drop, DropReason, Stats
from ._transport import Request, Response, Transport
from ._version import __version__

__all__ = [
    "Client",
    "CloseReport",
    "ConnectionFailed",
    "Context",
    "DeliveryError",
    "Drop",
    "DropReason",
    "HttpTransport",
    "MemoryTransport",
    "Request",
    "RequestRefused",
    "Response",
    "Stats",
    "Transport",
    "WaywiserError",
    "__version__",
    "context",
    "current_context",
]
