#!/usr/bin/env python3
"""Records the examples of the OpenAPI document from a demo: docs/examples.json.

examples.py            (after `cargo build --bin wattmandi`; then `make generate`)

An account and what belongs to it, a trade, its settlement, a plan, an interest, money, a webhook, and what is refused,
each as it was asked and answered.
What differs from run to run (ids, instants of the wire's clock, ports, secrets) is replaced by what never does, in the
order of its first appearance; long lists are cut.
"""

import base64
import hashlib
import json
import os
import re
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "foreign"))

import demo  # noqa: E402 - it stands with the tests
import paper  # noqa: E402
from check import until  # noqa: E402

TARGET = os.path.join(ROOT, "docs", "examples.json")
CLOCK = ("--clock-start", "2026-11-21T04:30:00Z", "--clock-rate", "400")
# All people of the run sign in from one address.
LIMITS = {"WATTMANDI_LIMIT_SIGN_IN": "1000"}
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
        # What opens something: of each kind the same words, in the form of that kind.
        text = re.sub(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", "eyJhbGciOiJFZERTQSJ9.eyJleGFtcGxlIjp0cnVlfQ.c2lnbmF0dXJl", text)
        text = re.sub(r"\b(wm[rtl]_)[\w-]{20,}", r"\1an-example-that-opens-nothing", text)
        text = re.sub(r"http://127\.0\.0\.1:\d+", "https://platform.example", text)
        text = re.sub(r"UPI\d{12}", lambda m: "UPI%012d" % self._number("upi", m.group(0)), text)
        text = re.sub(r"BLAKE-512=[A-Za-z0-9+/=]{88}", "BLAKE-512=" + "A" * 86 + "==", text)
        return re.sub(r"\b[0-9a-f]{32,}\b", lambda m: "%064x" % self._number("hex", m.group(0)), text)

    def value(self, value, name=""):
        if isinstance(value, dict):
            return {key: self.value(member, key) for key, member in value.items()}
        if isinstance(value, list):
            # How a credential was judged is shown whole.
            return [self.value(item) for item in (value if name == "checks" else value[:LIST_MAX])]
        if name in ("kid", "x") and isinstance(value, str) and len(value) == 43:
            return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")
        if name == "code" and isinstance(value, str) and re.fullmatch(r"\d{6}", value):
            return "482913"
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
        return self.keep(method, path, body, person.ask(method, path, body, wait), keep)

    def send(self, person, path, kind, content):
        """A body that is no JSON."""
        headers = {"Authorization": "Bearer %s" % person.token, "Content-Type": kind}
        return self.keep("POST", path, None, demo.beckn.send("POST", person.base_url + path, content, headers))

    def keep(self, method, path, body, answer, keep=True):
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


def credential(meter):
    """An energy credential of the north's DISCOM, whose key anyone can compute in a demo."""
    issuer = "north.discom.example"
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"wattmandi demo key of " + issuer.encode()).digest())
    part = lambda document: base64.urlsafe_b64encode(document).rstrip(b"=")  # noqa: E731 - as a JWT writes it
    header = {"alg": "EdDSA", "typ": "vc+jwt", "kid": "did:web:%s#key-1" % issuer}
    payload = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "GenerationProfileCredential"], "issuer": "did:web:" + issuer,
        "id": "urn:uuid:0199f000-0000-7000-8000-0000000000ff",
        "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2126-01-01T00:00:00Z",
        "credentialSubject": {
            "consumerNumber": "TEST_CUST_MEENA", "meterNumber": meter, "generationType": "Solar", "capacityKW": "4.5",
            "commissioningDate": "2024-05-01"}}
    signed = b".".join(part(json.dumps(one).encode()) for one in (header, payload))
    return (signed + b"." + part(key.sign(signed))).decode()


def message(network, kind, pattern, to=None):
    """What the newest message of that kind brings, to that address when one is named."""
    def look():
        sent = demo.beckn.send("GET", network.operator + "/admin/messages", b"", {}).json
        return next((re.search(pattern, one["body"]).group(1) for one in sent
                     if one["kind"] == kind and to in (None, one["to"])), None)
    return until(look, kind)


def accounts(recorder, network):
    """From nobody to somebody with a meter, and out again."""
    ask, meena = recorder.ask, demo.Client(network.alpha, "meena")
    email, password = "meena@example.com", "quiet roof at noon"
    ask(meena, "POST", "/auth/register", {"email": email, "password": password, "name": "Meena Iyer", "language": "en"})
    token = message(network, "verify_email", r"token=(\S+)")
    ask(meena, "POST", "/auth/login", {"email": email, "password": "something else"})
    ask(meena, "POST", "/auth/verify-email", {"token": token, "password": password})
    tokens = ask(meena, "POST", "/auth/login", {"email": email, "password": password, "device": "Meena's telephone"})
    tokens = ask(meena, "POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    meena.token = tokens["access_token"]
    ask(meena, "GET", "/users/me")
    ask(meena, "PATCH", "/users/me", {"name": "Meena Iyer", "language": "ta", "payout_vpa": "meena@upi"})
    ask(meena, "PATCH", "/users/me/profile", {
        "monthly_production_kwh": "450", "installed_capacity_kw": "4.5", "sanctioned_load_kw": "5",
        "discom": demo.NORTH, "customer_number": "TEST_CUST_MEENA", "place": "28.61, 77.21"})
    kept = recorder.send(meena, "/users/me/credentials", "application/vc+jwt", credential("TEST_METER_MEENA").encode())
    place = "/users/me/credentials/%s" % kept["credential_id"]
    ask(meena, "GET", place)
    ask(meena, "GET", "/users/me/credentials")
    ask(meena, "POST", "/users/me/meters", {"credential_id": kept["credential_id"], "place": "28.61, 77.21"})
    discom, serial, key = network.spares()[1]
    ask(meena, "POST", "/users/me/meters", {"discom": discom, "serial_number": serial, "key": "N-0000-0000"})
    ask(meena, "POST", "/users/me/meters", {"discom": discom, "serial_number": serial, "key": key}, keep=False)
    ask(meena, "GET", "/users/me/meters")
    ask(meena, "GET", "/users/me/profile")
    ask(meena, "DELETE", "/users/me/meters/%s" % serial)
    ask(meena, "POST", "/users/me/consents", {"purpose": "meter_data", "version": "2026-11", "granted": True})
    ask(meena, "GET", "/users/me/consents")
    made = ask(meena, "POST", "/auth/tokens", {"name": "battery controller", "scopes": ["read", "trade"],
                                               "expires_in_days": 30})
    ask(meena, "GET", "/auth/tokens")
    machine = demo.Client(network.alpha, "meena")
    machine.token = made["token"]
    ask(machine, "POST", "/users/me/account/top-ups", {"amount_inr": "5.00"})
    ask(meena, "GET", "/auth/sessions")
    phones(recorder, network)
    papers(recorder, meena)
    ask(meena, "POST", "/users/me/logins", {"phone": "+919810054321"})
    code = message(network, "sign_in_code", r"(\d{6})", "+919810054321")
    ask(meena, "POST", "/users/me/logins/confirm", {"address": "phone", "code": code})
    ask(meena, "GET", "/users/me/logins")
    ask(meena, "POST", "/auth/password/forgot", {"email": email})
    token = message(network, "reset_password", r"token=(\S+)")
    ask(meena, "POST", "/auth/password/reset", {"token": token, "password": "silent roof at dusk"})
    ask(meena, "GET", "/users/me")
    password = "silent roof at dusk"
    meena.token = ask(meena, "POST", "/auth/login", {"email": email, "password": password})["access_token"]
    ask(meena, "GET", "/users/me/export")
    ask(meena, "DELETE", "/users/me", {"password": password})
    ask(meena, "GET", "/.well-known/jwks.json")
    ask(meena, "GET", "/auth/oidc")


def papers(recorder, meena):
    """A bill of one's own meter."""
    bill = paper.bill("TEST_METER_MEENA", 312)
    kept = recorder.send(meena, "/users/me/meter-documents", "application/pdf", bill)
    recorder.send(meena, "/users/me/meter-documents", "text/plain", b"312 kWh")
    recorder.ask(meena, "GET", "/users/me/meter-documents")
    place = "/users/me/meter-documents/%s" % kept["meter_document_id"]
    recorder.ask(meena, "GET", place)
    recorder.ask(meena, "DELETE", place)


def phones(recorder, network):
    """Signing in by a code."""
    nobody = demo.Client(network.alpha, "nobody")
    recorder.ask(nobody, "POST", "/auth/phone/code", {"phone": "+919810012345"})
    code = message(network, "sign_in_code", r"(\d{6})", "+919810012345")
    body = {"phone": "+919810012345", "code": code, "name": "Ravi", "device": "Ravi's telephone"}
    recorder.ask(nobody, "POST", "/auth/phone/verify", body)
    recorder.ask(nobody, "POST", "/auth/phone/verify", body)


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
    accounts(recorder, network)
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
    with demo.Demo("--quiet", "--free-ports", *CLOCK, environment=LIMITS) as network:
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
