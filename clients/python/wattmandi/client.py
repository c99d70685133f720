"""The client: one person, or one program, at one platform."""

import http.client
import json
import random
import socket
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union, cast

from .errors import NoAnswer, TradeFailed, problem

if TYPE_CHECKING:
    from . import models

Slots = Union[Mapping[str, str], Iterable[Mapping[str, str]]]

#: States of a trade beyond which nothing comes by itself.
ENDS = ("rejected", "expired", "cancelled", "disputed", "failed")
#: Worth another try, with the same Idempotency-Key.
AGAIN = (429, 502, 503, 504)
#: The server says something at least every 15 s.
SILENCE = 45.0


class Answer:
    """An answer of 2xx: `status`, `headers` (names in lower case) and `body`, the JSON document."""

    def __init__(self, status: int, headers: Dict[str, str], body: Any):
        self.status = status
        self.headers = headers
        self.body = body


class Client:
    """Asks a platform. Safe to repeat: every write carries an `Idempotency-Key`, and keeps it over its retries.

    `wait` is how many seconds a step of a trade waits for the network's outcome in the same request (`Prefer: wait`).
    """

    def __init__(self, base_url: str, token: Optional[str] = None, *, timeout: float = 60.0, retries: int = 3,
                 wait: int = 20):
        parts = urllib.parse.urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an http or https address is expected, not %r" % base_url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._token = token
        self.timeout = timeout
        self.retries = retries
        self.wait = wait

    # -- requests

    def request(self, method: str, path: str, body: Any = None, *, query: Optional[Mapping[str, Any]] = None,
                headers: Optional[Mapping[str, str]] = None, idempotency_key: Optional[str] = None,
                wait: Optional[int] = None) -> Answer:
        """Any request. Raises a `Problem` for 4xx and 5xx, `NoAnswer` when there is none."""
        sent = {"Accept": "application/json, application/problem+json", "User-Agent": "wattmandi-python/0.1.0"}
        if self._token:
            sent["Authorization"] = "Bearer " + self._token
        if body is not None:
            sent["Content-Type"] = "application/json"
        if method not in ("GET", "HEAD"):
            sent["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        if wait:
            sent["Prefer"] = "wait=%d" % wait
        sent.update(headers or {})
        data = None if body is None else json.dumps(body).encode()
        target = self._target(path, query)
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                status, fields, content = self._exchange(method, target, data, sent)
            except (OSError, http.client.HTTPException) as error:
                if last:
                    raise NoAnswer("%s %s: %s" % (method, path, error)) from error
                self._pause(attempt, None)
                continue
            if status < 400:
                return Answer(status, fields, self._read(content, fields))
            after = _seconds(fields.get("retry-after"))
            if status in AGAIN and not last:
                self._pause(attempt, after)
                continue
            document = self._read(content, fields)
            raise problem(status, document if isinstance(document, dict) else {}, after)
        raise AssertionError("the last attempt returns or raises")

    def _target(self, path: str, query: Optional[Mapping[str, Any]]) -> str:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return self._base + path + ("?" + urllib.parse.urlencode(given) if given else "")

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout)

    def _exchange(self, method: str, target: str, data: Optional[bytes],
                  headers: Mapping[str, str]) -> Tuple[int, Dict[str, str], bytes]:
        connection = self._connect(self.timeout)
        try:
            connection.request(method, target, body=data, headers=dict(headers))
            response = connection.getresponse()
            return response.status, _fields(response), response.read()
        finally:
            connection.close()

    @staticmethod
    def _read(content: bytes, fields: Mapping[str, str]) -> Any:
        kind = fields.get("content-type", "")
        if not content or "json" not in kind:
            return content.decode("utf-8", "replace") if content else None
        try:
            return json.loads(content)
        except ValueError as error:
            raise NoAnswer("the answer is not JSON: %s" % error) from error

    @staticmethod
    def _pause(attempt: int, after: Optional[float]) -> None:
        # Everybody who was refused at once must not come back at once.
        time.sleep((after or 0.25 * 2 ** attempt) + random.uniform(0, 0.25))

    def get(self, path: str, **query: Any) -> Any:
        """The document at a path."""
        return self.request("GET", path, query=query).body

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("POST", path, {} if body is None else body, **options).body

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, over all its pages."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if not page.get("next_cursor"):
                return
            query["cursor"] = page["next_cursor"]

    # -- buying

    def discover(self, **wish: Any) -> str:
        """Begins a search, and waits for its answer; gives its transaction id."""
        search_id = cast(str, self.post("/api/discover", wish, wait=self.wait)["transaction_id"])
        self.until(search_id, "answered")
        return search_id

    def offers(self, search_id: str, **filters: Any) -> List["models.FoundOfferView"]:
        """What a search has found, best first: `max_price_inr`, `from_`, `to`, `quantity_kwh`, `min_trust`, …"""
        if "from_" in filters:
            filters["from"] = filters.pop("from_")
        found = self.pages("/api/transactions/%s/offers" % _quoted(search_id), **{"limit": 100, **filters})
        return cast("List[models.FoundOfferView]", list(found))

    def search(self, **filters: Any) -> List["models.FoundOfferView"]:
        """A search and its offers in one; each names its `transaction_id`."""
        search_id = self.discover()
        return [cast("models.FoundOfferView", {"transaction_id": search_id, **offer})
                for offer in self.offers(search_id, **filters)]

    def select(self, offer: Mapping[str, Any], slots: Slots) -> "models.TransactionDocument":
        """Asks the seller for a price; nothing is held."""
        return self._step("select", {"bpp_id": offer["bpp_id"], "offer_id": offer["offer_id"],
                                     "slots": _slots(slots), **_search(offer)})

    def init(self, transaction_id: str, meter_id: str, offer: Optional[Mapping[str, Any]] = None,
             slots: Optional[Slots] = None) -> "models.TransactionDocument":
        """Asks the seller to hold the energy and to name its terms. Offer and slots when no `select` named them."""
        body: Dict[str, Any] = {"transaction_id": transaction_id, "meter_id": meter_id}
        if offer is not None:
            body.update(bpp_id=offer["bpp_id"], offer_id=offer["offer_id"], slots=_slots(slots or []))
        return self._step("init", body)

    def confirm(self, transaction_id: str) -> "models.TransactionDocument":
        """Buys on the terms that the seller named."""
        return self._step("confirm", {"transaction_id": transaction_id})

    def status(self, transaction_id: str) -> "models.TransactionDocument":
        return self._step("status", {"transaction_id": transaction_id})

    def cancel(self, transaction_id: str, reason: Optional[str] = None) -> "models.TransactionDocument":
        body = {"transaction_id": transaction_id}
        return self._step("cancel", {**body, "reason": reason} if reason else body)

    def update(self, transaction_id: str, slots: Slots) -> "models.TransactionDocument":
        """Reduces what was bought."""
        return self._step("update", {"transaction_id": transaction_id, "slots": _slots(slots)})

    def track(self, transaction_id: str) -> "models.TransactionDocument":
        return self._step("track", {"transaction_id": transaction_id})

    def rate(self, transaction_id: str, value: int, comment: Optional[str] = None) -> "models.TransactionDocument":
        body: Dict[str, Any] = {"transaction_id": transaction_id, "value": value}
        return self._step("rate", {**body, "comment": comment} if comment else body)

    def support(self, transaction_id: str) -> "models.TransactionDocument":
        return self._step("support", {"transaction_id": transaction_id})

    def _step(self, name: str, body: Mapping[str, Any]) -> "models.TransactionDocument":
        return cast("models.TransactionDocument", self.post("/api/" + name, body, wait=self.wait))

    def buy(self, offer: Mapping[str, Any], slots: Slots, meter_id: str) -> "models.TransactionDocument":
        """From the price to the trade that stands; raises `TradeFailed` when it comes to another end."""
        transaction_id = self.select(offer, slots)["transaction_id"]
        self.until(transaction_id, "quoted")
        self.init(transaction_id, meter_id)
        self.until(transaction_id, "offered")
        self.confirm(transaction_id)
        return self.until(transaction_id, "standing")

    def transaction(self, transaction_id: str, side: Optional[str] = None) -> "models.TransactionDocument":
        path = "/api/transactions/%s" % _quoted(transaction_id)
        return cast("models.TransactionDocument", self.get(path, side=side))

    def transactions(self, side: Optional[str] = None) -> Iterator["models.Transaction"]:
        return self.pages("/api/transactions", side=side)

    def until(self, transaction_id: str, *states: str, timeout: float = 120.0,
              side: Optional[str] = None) -> "models.TransactionDocument":
        """The trade once it is in one of these states. Raises `TradeFailed` at any other end, `NoAnswer` in time."""
        end, pause = time.monotonic() + timeout, 0.1
        while True:
            found = self.transaction(transaction_id, side)
            state = found["state"]
            if state in states:
                return found
            if state in ENDS:
                raise TradeFailed(cast(Dict[str, Any], found))
            if time.monotonic() > end:
                raise NoAnswer("the trade is still %s after %g s" % (state, timeout))
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    # -- selling

    def list_offer(self, meter_id: str, slots: Iterable[Mapping[str, str]],
                   name: Optional[str] = None) -> "models.OfferDocument":
        """Lists hours: each with `start`, `quantity_kwh` and `price_inr`."""
        body: Dict[str, Any] = {"meter_id": meter_id, "slots": [dict(slot) for slot in slots]}
        return cast("models.OfferDocument", self.post("/seller/offers", {**body, "name": name} if name else body))

    def offer(self, offer_id: str) -> "models.OfferDocument":
        return cast("models.OfferDocument", self.get("/seller/offers/%s" % _quoted(offer_id)))

    def own_offers(self) -> Iterator["models.OfferDocument"]:
        return self.pages("/seller/offers")

    def until_published(self, offer_id: str, timeout: float = 60.0) -> "models.OfferDocument":
        """The offer once the catalog has taken it."""
        end = time.monotonic() + timeout
        while True:
            offer = self.offer(offer_id)
            if offer["publication"]["state"] in ("accepted", "rejected"):
                return offer
            if time.monotonic() > end:
                raise NoAnswer("the catalog has not answered")
            time.sleep(0.2)

    def withdraw_offer(self, offer_id: str) -> "models.OfferDocument":
        return cast("models.OfferDocument", self.request("DELETE", "/seller/offers/%s" % _quoted(offer_id)).body)

    def orders(self) -> Iterator["models.Transaction"]:
        return self.pages("/seller/orders")

    # -- one's own standing

    def profile(self) -> "models.Profile":
        return cast("models.Profile", self.get("/seller/profile"))

    def account(self) -> "models.Account":
        return cast("models.Account", self.get("/users/me/account"))

    def journal(self) -> Iterator["models.JournalEntry"]:
        return self.pages("/users/me/account/journal")

    def trust(self) -> "models.Trust":
        return cast("models.Trust", self.get("/users/me/trust"))

    def statement(self, month: str) -> "models.Statement":
        """Of a month, `2026-11`."""
        return cast("models.Statement", self.get("/users/me/statements/%s" % _quoted(month)))

    # -- events and webhooks

    def events(self, after: Optional[int] = None, transaction_id: Optional[str] = None, *,
               silence: float = SILENCE) -> Iterator["models.Event"]:
        """Every event as it happens, from `after` on (or from now, of a transaction from its first). It never ends: a
        lost connection is made again behind the last event that was given."""
        path = "/api/events" if transaction_id is None else "/api/transactions/%s/events" % _quoted(transaction_id)
        failures = 0
        while True:
            try:
                for event in self._stream(path, after, silence):
                    failures, after = 0, event["seq"]
                    yield event
            except (OSError, http.client.HTTPException) as error:
                failures += 1
                if failures > self.retries:
                    raise NoAnswer("the stream cannot be read: %s" % error) from error
            self._pause(min(failures, 4), 0.5)

    def _stream(self, path: str, after: Optional[int], silence: float) -> Iterator["models.Event"]:
        headers = {"Accept": "text/event-stream", "Authorization": "Bearer %s" % self._token}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        connection = self._connect(silence)
        try:
            connection.request("GET", self._base + path, headers=headers)
            response = connection.getresponse()
            if response.status != 200:
                fields = _fields(response)
                document = self._read(response.read(), fields)
                raise problem(response.status, document if isinstance(document, dict) else {},
                              _seconds(fields.get("retry-after")))
            data: List[str] = []
            kind = ""
            for raw in response:
                line = raw.decode("utf-8").rstrip("\r\n")
                if line.startswith("event:"):
                    kind = line[6:].lstrip(" ")
                elif line.startswith("data:"):
                    data.append(line[5:].lstrip(" "))
                elif not line and data:
                    if kind == "end":  # the next attempt is told why
                        return
                    yield cast("models.Event", json.loads("\n".join(data)))
                    data = []
        except socket.timeout as error:
            raise ConnectionError("nothing was heard for %g s" % silence) from error
        finally:
            connection.close()

    def webhooks(self) -> Iterator["models.Webhook"]:
        return self.pages("/api/webhooks")

    def add_webhook(self, url: str, kinds: Iterable[str] = (),
                    description: Optional[str] = None) -> "models.WebhookWithSecret":
        """Its `secret` is in this answer only; give it to `wattmandi.verify`."""
        body: Dict[str, Any] = {"url": url, "kinds": list(kinds)}
        if description:
            body["description"] = description
        return cast("models.WebhookWithSecret", self.post("/api/webhooks", body))

    def rotate_webhook(self, webhook_id: str) -> "models.WebhookWithSecret":
        return cast("models.WebhookWithSecret", self.post("/api/webhooks/%s/rotate" % _quoted(webhook_id)))

    def replay_webhook(self, webhook_id: str, since: Optional[str] = None,
                       after_event: Optional[int] = None) -> "models.Replayed":
        given = {"since": since, "after_event": after_event}
        body = {name: value for name, value in given.items() if value is not None}
        return cast("models.Replayed", self.post("/api/webhooks/%s/replay" % _quoted(webhook_id), body))

    def webhook_deliveries(self, webhook_id: str) -> Iterator["models.WebhookDelivery"]:
        return self.pages("/api/webhooks/%s/deliveries" % _quoted(webhook_id))

    def remove_webhook(self, webhook_id: str) -> None:
        self.request("DELETE", "/api/webhooks/%s" % _quoted(webhook_id))


def _fields(response: http.client.HTTPResponse) -> Dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _seconds(text: Optional[str]) -> Optional[float]:
    return float(text) if text and text.strip().isdigit() else None


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _search(offer: Mapping[str, Any]) -> Dict[str, str]:
    return {"transaction_id": offer["transaction_id"]} if offer.get("transaction_id") else {}


def _slots(slots: Slots) -> List[Dict[str, str]]:
    """`{start: kWh}` or a list of `{"start", "quantity_kwh"}`."""
    if isinstance(slots, Mapping):
        return [{"start": start, "quantity_kwh": str(quantity)} for start, quantity in slots.items()]
    return [dict(slot) for slot in slots]
