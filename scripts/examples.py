#!/usr/bin/env python3
"""Records the examples of the OpenAPI document from a demo: docs/examples.json.

examples.py            (after `cargo build --bin wattmandi`; then `make generate`)

A trade, its settlement, a plan, an interest, money, a webhook, and what is refused, each as it was asked and answered.
What differs from run to run (ids, instants of the wire's clock, ports, secrets) is replaced by what never does, in the
order of its first appearance; long lists are cut.
"""

import json
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "foreign"))

import demo  # noqa: E402 - it stands with the tests
from check import until  # noqa: E402

TARGET = os.path.join(ROOT, "docs", "examples.json")
CLOCK = ("--clock-start", "2026-11-21T04:30:00Z", "--clock-rate", "400")
LIST_MAX = 2
TEXT_MAX = 400


class Normal:
    """Makes values the same in every run."""

    def __init__(self):
        self._known = {}
        self._counts = {}

    def _number(self, kind, value):
        if (kind, value) not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[kind, value] = self._counts[kind]
        return self._known[kind, value]

    def _instant(self, match):
        text = match.group(0)
        # Hours of the market, and the gates before them, are what they are.
        if re.search(r"T\d\d:30:00(\.000)?Z$", text):
            return text
        seconds = 5 * self._number("instant", text)
        return "2026-11-21T%02d:%02d:%02d.000Z" % (5 + seconds // 3600, seconds // 60 % 60, seconds % 60)

    def text(self, text):
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
                      lambda m: "0199f000-0000-7000-8000-%012x" % self._number("id", m.group(0)), text)
        text = re.sub(r"msg_[0-9a-f]{32}_(\d+)", lambda m: "msg_0199f0000000700080000000%08x_%d" % (
            self._number("msg", m.group(0)), self._number("seq", int(m.group(1)))), text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", self._instant, text)
        text = re.sub(r"whsec_[A-Za-z0-9+/=]+", "whsec_ZXhhbXBsZSBvZiBhIHNlY3JldCwgMzIgYnl0ZXMhIQ==", text)
        text = re.sub(r"http://127\.0\.0\.1:\d+", "https://platform.example", text)
        text = re.sub(r"UPI\d{12}", lambda m: "UPI%012d" % self._number("upi", m.group(0)), text)
        text = re.sub(r"BLAKE-512=[A-Za-z0-9+/=]{88}", "BLAKE-512=" + "A" * 86 + "==", text)
        return re.sub(r"\b[0-9a-f]{32,}\b", lambda m: "%064x" % self._number("hex", m.group(0)), text)

    def value(self, value, name=""):
        if isinstance(value, dict):
            return {key: self.value(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value[:LIST_MAX]]
        if isinstance(value, str):
            found = self.text(value)
            return found if len(found) <= TEXT_MAX or "\n" in found else found[:TEXT_MAX]
        if name in ("seq", "event", "after_event") and isinstance(value, int):
            return self._number("seq", value)
        return value


class Recorder:
    def __init__(self, network):
        self.normal = Normal()
        self.operations, self.problems, self.events = {}, {}, {}
        self.document = demo.beckn.send("GET", network.alpha + "/openapi.json", b"", {}).json
        self.ids = {(method, path): operation["operationId"]
                    for path, item in self.document["paths"].items() for method, operation in item.items()
                    if method in ("get", "post", "patch", "delete")}

    def operation(self, method, path):
        """The id of the operation that serves a path."""
        parts = path.split("?")[0].split("/")
        for (verb, pattern), name in self.ids.items():
            wanted = pattern.split("/")
            if verb == method.lower() and len(wanted) == len(parts) and all(
                    one == other or one.startswith("{") for one, other in zip(wanted, parts)):
                return name
        raise LookupError("%s %s is not documented" % (method, path))

    def ask(self, person, method, path, body=None, wait=None, keep=True):
        answer = person.ask(method, path, body, wait)
        if answer.status >= 400:
            problem = answer.json
            self.problems.setdefault(problem["code"], self.normal.value(problem))
            return problem
        document = answer.json if answer.body else None
        if keep:
            place = self.operations.setdefault(self.operation(method, path), {})
            if body:
                place.setdefault("request", self.normal.value(body))
            if document is not None:
                place.setdefault("responses", {}).setdefault(str(answer.status), self.normal.value(document))
        return document


def record(recorder, network):
    asha, farid = demo.Client(network.alpha, "asha"), demo.Client(network.beta, "farid")
    ask = recorder.ask
    now = asha.market_now()
    first, second = (demo.utc(demo.slot_after(now, hours)) for hours in (13, 14))
    hook = ask(asha, "POST", "/api/webhooks", {
        "url": "http://127.0.0.1:9/hooks", "kinds": ["contract.*", "account.changed"], "description": "The shop's"})
    offer = ask(asha, "POST", "/seller/offers", {"meter_id": asha.meter, "name": "A roof in Rohini", "slots": [
        {"start": first, "quantity_kwh": "5", "price_inr": "6.50"},
        {"start": second, "quantity_kwh": "4", "price_inr": "7"}]})
    place = "/seller/offers/%s" % offer["id"]
    until(lambda: asha.get(place)["publication"]["state"] == "accepted", "publication")
    ask(asha, "GET", place)
    # Two ways to ask: the network's outcome in the answer, or later.
    ask(farid, "POST", "/api/discover", {"text": "roof"})
    search = ask(farid, "POST", "/api/discover", {"text": "roof"}, wait=20)["transaction_id"]
    ask(farid, "GET", "/api/transactions/%s/offers?max_price_inr=8" % search)
    found = {"bpp_id": farid.get("/api/transactions/%s/offers" % search)["items"][0]["bpp_id"], "offer_id": offer["id"]}
    bought = [{"start": first, "quantity_kwh": "2"}]
    ask(farid, "POST", "/api/select", {"transaction_id": search, **found, "slots": bought}, wait=20)
    ask(farid, "POST", "/api/init", {"transaction_id": search, "meter_id": farid.meter}, wait=20)
    ask(farid, "POST", "/api/confirm", {"transaction_id": search}, wait=20)
    until(lambda: farid.transaction(search)["state"] == "standing", "the trade")
    # A second one, which is reduced and called off.
    other = ask(farid, "POST", "/api/discover", {}, wait=20)["transaction_id"]
    more = [{"start": second, "quantity_kwh": "3"}]
    farid.ask("POST", "/api/init", {"transaction_id": other, "meter_id": farid.meter, **found, "slots": more}, 20)
    ask(farid, "POST", "/api/confirm", {"transaction_id": other}, wait=20, keep=False)
    until(lambda: farid.transaction(other)["state"] == "standing", "the second trade")
    less = [{"start": second, "quantity_kwh": "2"}]
    ask(farid, "POST", "/api/update", {"transaction_id": other, "slots": less}, wait=20)
    until(lambda: farid.transaction(other)["totals"]["quantity_kwh"] == "2", "the reduction")
    ask(farid, "POST", "/api/cancel", {"transaction_id": other, "reason": "The car stays at home"}, wait=20)
    for name, body in (("status", {}), ("track", {}), ("support", {})):
        ask(farid, "POST", "/api/%s" % name, {"transaction_id": search, **body}, wait=20)
    plans(recorder, farid, second, demo.utc(demo.slot_after(now, 18)))
    refusals(recorder, asha, farid, offer, search, first)
    ask(farid, "POST", "/users/me/account/top-ups", {"amount_inr": "500.00"})
    ask(farid, "POST", "/users/me/account/withdrawals", {"amount_inr": "120.00"})
    ask(asha, "PATCH", place, {"slots": [{"start": second, "price_inr": "6.80"}]})
    ask(asha, "POST", "/seller/orders/%s/status" % search, {})
    reads(recorder, asha, farid, search, hook)
    until(lambda: (farid.transaction(search)["delivery"] or {}).get("state") == "settled", "settlement", 400)
    until(lambda: (asha.transaction(search, "seller")["delivery"] or {}).get("state") == "settled", "settlement", 60)
    recorder.operations["get_api_transactions_id"] = {}
    ask(farid, "GET", "/api/transactions/%s" % search)
    ask(farid, "POST", "/api/rate", {"transaction_id": search, "value": 5, "comment": "On time"}, wait=20)
    ask(farid, "GET", "/users/me/account/journal?limit=2")
    ask(farid, "GET", "/users/me/account")
    ask(asha, "GET", "/users/me/trust")
    statements = ask(farid, "GET", "/users/me/statements")
    ask(farid, "GET", "/users/me/statements/%s" % statements["items"][0]["month"])
    ask(asha, "POST", "/api/webhooks/%s/replay" % hook["id"], {"after_event": 0})
    ask(asha, "PATCH", "/api/webhooks/%s" % hook["id"], {"active": False})
    ask(asha, "POST", "/api/webhooks/%s/rotate" % hook["id"], {})
    ask(asha, "DELETE", place)
    for person in (asha, farid):
        events(recorder, person)


def plans(recorder, farid, slot, until_hour):
    ask = recorder.ask
    wish = {"meter_id": farid.meter, "slots": [{"start": slot, "quantity_kwh": "1"}], "max_price_inr": "8"}
    plan = "/api/plans/%s" % ask(farid, "POST", "/api/plans", wish, wait=20)["plan_id"]
    ask(farid, "GET", plan)
    ask(farid, "GET", "/api/plans?limit=2")
    ask(farid, "POST", plan + "/confirm", {}, wait=20)
    until(lambda: farid.get(plan)["state"] in ("standing", "failed"), "the plan")
    wish = {"meter_id": farid.meter, "total": {"from": slot, "to": until_hour, "quantity_kwh": "4"}}
    interest = ask(farid, "POST", "/api/interests", wish)
    if "interest_id" not in interest:
        raise RuntimeError("the interest is not taken: %s" % interest)
    place = "/api/interests/%s" % interest["interest_id"]
    ask(farid, "GET", place)
    ask(farid, "GET", "/api/interests?limit=2")
    ask(farid, "DELETE", place)


def refusals(recorder, asha, farid, offer, search, slot):
    ask = recorder.ask
    stranger = demo.Client(farid.base_url, "nobody")
    ask(stranger, "GET", "/users/me/account")
    anonymous = demo.beckn.send("GET", farid.base_url + "/users/me/account", b"", {})
    recorder.problems.setdefault(anonymous.json["code"], recorder.normal.value(anonymous.json))
    ask(farid, "GET", "/api/transactions/%s" % offer["id"])
    ask(farid, "POST", "/api/confirm", {"transaction_id": search})
    ask(farid, "POST", "/api/select", {"transaction_id": search})
    ask(asha, "PATCH", "/seller/offers/%s" % offer["id"], {"slots": [{"start": slot, "quantity_kwh": "1"}]})
    ask(asha, "POST", "/seller/offers", {"meter_id": asha.meter, "slots": [
        {"start": "2026-11-21T05:00:00Z", "quantity_kwh": "1", "price_inr": "6"}]})
    ask(asha, "POST", "/seller/offers", {"meter_id": asha.meter, "slots": [
        {"start": slot, "quantity_kwh": "100000", "price_inr": "6"}]})
    ask(asha, "POST", "/seller/offers", {"meter_id": asha.meter, "slots": [
        {"start": "2026-11-21T05:30:00Z", "quantity_kwh": "1", "price_inr": "6"}]})
    ask(farid, "POST", "/users/me/account/withdrawals", {"amount_inr": "9000000"})
    ask(asha, "POST", "/api/webhooks", {"url": "https://10.0.0.1/"})


def reads(recorder, asha, farid, search, hook):
    ask = recorder.ask
    for path in ("/health", "/ready", "/seller/profile", "/seller/offers?limit=2", "/seller/orders?limit=2",
                 "/seller/orders/%s" % search, "/api/webhooks", "/api/webhooks/%s" % hook["id"],
                 "/api/webhooks/%s/deliveries?limit=2" % hook["id"]):
        ask(asha, "GET", path)
    ask(farid, "GET", "/api/transactions?limit=2")


def events(recorder, person):
    """Every event of a person, from the first on."""
    import http.client
    import urllib.parse
    at = urllib.parse.urlsplit(person.base_url)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
    connection.request("GET", "/api/events", headers={"Authorization": "Bearer %s" % person.token, "Last-Event-ID": "0"})
    response = connection.getresponse()
    begun = time.monotonic()
    for raw in response:
        line = raw.decode("utf-8").rstrip("\r\n")
        if line.startswith("data:"):
            event = json.loads(line[5:])
            recorder.events.setdefault(event["kind"], recorder.normal.value(event))
        if line.startswith(": heartbeat") or time.monotonic() - begun > 10:
            break
    connection.close()


def main():
    with demo.Demo("--quiet", "--free-ports", *CLOCK) as network:
        recorder = Recorder(network)
        record(recorder, network)
    operations = {name: found for name, found in recorder.operations.items() if found}
    found = {"operations": operations, "problems": recorder.problems, "events": recorder.events}
    with open(TARGET, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1, sort_keys=True, ensure_ascii=False)
        file.write("\n")
    missing = sorted(set(recorder.ids.values()) - set(operations))
    print("%d operations, %d problems, %d events; without an example: %s" % (
        len(operations), len(recorder.problems), len(recorder.events), ", ".join(missing)))


if __name__ == "__main__":
    main()
