"""The lines of Python that begin to send events, for each framework, as the SDK's README has them."""

from __future__ import annotations

from types import MappingProxyType

from store.words import Spoken

FRAMEWORKS = Spoken(
    {
        "script": "Plain Python",
        "django": "Django",
        "flask": "Flask",
        "asgi": "FastAPI, Starlette",
        "celery": "Celery",
        "lambda": "AWS Lambda",
    }
)
KEY, ADDRESS = "WRITE_KEY", "https://waywiser.example.com"
LINES = MappingProxyType(
    {
        "script": """\
from waywiser import Client

ww = Client("WRITE_KEY", host="https://waywiser.example.com")
ww.track("Invoice Paid", user_id="42", properties={"plan": "pro", "amount": 49})
ww.identify("42", traits={"email": "ada@example.com"})
""",
        "django": """\
# settings.py
MIDDLEWARE = [
    "waywiser.django.WaywiserMiddleware",
    "django.middleware.common.CommonMiddleware",
]

# views.py
from django.http import HttpResponse

from waywiser import Client

ww = Client("WRITE_KEY", host="https://waywiser.example.com")


def order(request):
    ww.track("Order Paid", properties={"amount": 49})
    return HttpResponse("thank you")
""",
        "flask": """\
from flask import Flask

from waywiser import Client
from waywiser.flask import Waywiser, proxy

ww = Client("WRITE_KEY", host="https://waywiser.example.com")
app = Flask(__name__)
Waywiser(app)
app.register_blueprint(proxy("https://waywiser.example.com"), url_prefix="/ww")


@app.post("/orders")
def order():
    ww.track("Order Paid", properties={"amount": 49})
    return "thank you"
""",
        "asgi": """\
from fastapi import FastAPI

from waywiser import Client
from waywiser.asgi import WaywiserMiddleware

ww = Client("WRITE_KEY", host="https://waywiser.example.com")
app = FastAPI()
app.add_middleware(WaywiserMiddleware)


@app.post("/orders")
async def order():
    ww.track("Order Paid", properties={"amount": 49})
    return "thank you"
""",
        "celery": """\
from celery import Celery

from waywiser import Client
from waywiser.celery import install

app = Celery("shop", broker="redis://127.0.0.1")
ww = Client("WRITE_KEY", host="https://waywiser.example.com")
install(ww)


@app.task
def send_receipt(number):
    ww.track("Receipt Sent", properties={"number": number})
""",
        "lambda": """\
from waywiser import Client
from waywiser.aws import deliver_at_end

ww = Client("WRITE_KEY", host="https://waywiser.example.com")


@deliver_at_end(ww, timeout=2)
def handler(event, context):
    ww.track("Order Paid", properties={"amount": 49})
    return {"statusCode": 200}
""",
    }
)


def sdk_lines(framework: str, *, write_key: str, address: str) -> str:
    """The lines for this framework with a key and the collector's address in them."""
    return LINES[framework].rstrip().replace(KEY, write_key).replace(ADDRESS, address)
