"""Client of a Wattmandi platform. Standard library only.

    from wattmandi import Client

    me = Client("https://platform.example", token="…")
    for offer in me.search(max_price_inr="7"):
        trade = me.buy(offer, {"2026-11-22T05:30:00Z": "2"}, meter_id="…")
        break

Energy is in kWh and money in INR, as decimal strings, never as floats; instants are RFC 3339.
"""

from . import models
from .client import Answer, Client
from .errors import (Conflict, Forbidden, Invalid, NoAnswer, NotFound, Problem, RateLimited, TradeFailed,
                     Unauthorized, WattmandiError)
from .webhooks import WebhookError, verify

__all__ = [
    "Answer", "Client", "Conflict", "Forbidden", "Invalid", "NoAnswer", "NotFound", "Problem", "RateLimited",
    "TradeFailed", "Unauthorized", "WattmandiError", "WebhookError", "models", "verify",
]
__version__ = "0.1.0"
