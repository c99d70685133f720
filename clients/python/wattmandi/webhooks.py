"""Checks the signature of what a webhook was sent (Standard Webhooks 1.0.0)."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Callable, Iterable, Mapping, Optional, Union, cast

from .errors import WattmandiError

if TYPE_CHECKING:
    from .models import WebhookMessage

#: How far the clock of the sender may be from ours, seconds: an older message may be a recorded one.
TOLERANCE = 300


class WebhookError(WattmandiError):
    """The message was not sent by the platform, or not now."""


def verify(payload: bytes, headers: Mapping[str, str], secret: Union[str, Iterable[str]], *,
           tolerance: int = TOLERANCE, now: Optional[Callable[[], float]] = None) -> "WebhookMessage":
    """The message, if one of the secrets (`whsec_…`) has signed exactly these bytes; raises `WebhookError` otherwise.

    Messages may come more than once: keep the `webhook-id` of those that you have worked off.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, stamp, signatures = (given["webhook-" + name] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise WebhookError("the header %s is missing" % missing) from None
    try:
        sent_at = int(stamp)
    except ValueError:
        raise WebhookError("webhook-timestamp is no number") from None
    if abs((now or time.time)() - sent_at) > tolerance:
        raise WebhookError("the message is too old, or from the future")
    signed = b".".join((message_id.encode(), stamp.encode(), payload))
    offered = [part[3:] for part in signatures.split() if part.startswith("v1,")]
    for one in [secret] if isinstance(secret, str) else secret:
        expected = base64.b64encode(hmac.new(_key(one), signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(expected, each) for each in offered):
            return cast("WebhookMessage", json.loads(payload))
    raise WebhookError("no signature fits")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret[len("whsec_"):] if secret.startswith("whsec_") else secret, validate=True)
    except (binascii.Error, ValueError):
        raise WebhookError("a secret is whsec_ and base64") from None
