"""What schemathesis does around each of its requests to the demo (loaded by schemathesis itself, see fuzz.py).

The people take turns, so that each one's things meet the others' requests. Ids that answers have shown come back in
half of the requests, as wishes that could be meant: random ones alone would never get past "there is no such thing".
"""

import collections
import itertools
import json
import os
import random

import schemathesis

TOKENS = itertools.cycle(os.environ["FUZZ_TOKENS"].split(","))
METERS = os.environ["FUZZ_METERS"].split(",")
SLOTS = os.environ["FUZZ_SLOTS"].split(",")
REPORT = os.environ["FUZZ_REPORT"]
DICE = random.Random(int(os.environ["FUZZ_SEED"]))
DOORS = ("/bap/", "/bpp/", "/callbacks/", "/discom/", "/catalog/")
# Where the ids of a path come from.
SHELVES = ("/api/transactions", "/api/plans", "/api/interests", "/api/webhooks", "/seller/offers", "/seller/orders")

seen = collections.Counter()
known = collections.defaultdict(lambda: collections.deque(maxlen=50))


def shelf_of(path):
    return next((shelf for shelf in SHELVES if path.startswith(shelf)), None)


def likely():
    return DICE.random() < 0.5


def taken(name):
    values = known[name]
    return DICE.choice(list(values)) if values else None


def meant(body):
    """Puts what exists into the members of a body."""
    if isinstance(body, list):
        for item in body:
            meant(item)
    if not isinstance(body, dict):
        return
    for name in list(body):
        value = body[name]
        if name in ("transaction_id", "search_id") and likely():
            body[name] = taken("/api/transactions") or value
        elif name == "meter_id" and likely():
            body[name] = DICE.choice(METERS)
        elif name in ("start", "from", "to") and likely():
            body[name] = DICE.choice(SLOTS)
        elif name in ("quantity_kwh", "amount_inr") and likely():
            body[name] = DICE.choice(("1", "1.5", "2", "0", "0.01", "999999999"))
        elif name == "price_inr" and likely():
            body[name] = DICE.choice(("6.5", "0.0001", "7"))
        elif name == "url" and likely():
            body[name] = DICE.choice(("https://hooks.example/x", "http://127.0.0.1:9/x", "https://10.0.0.1/"))
        elif name == "kinds" and likely():
            body[name] = DICE.choice((["contract.*"], [], ["*", "offer.listed"]))
        else:
            meant(value)
    if {"bpp_id", "offer_id"} <= set(body) and likely():
        body["bpp_id"], body["offer_id"] = taken("found") or (body["bpp_id"], body["offer_id"])


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = dict(case.headers or {})
    # Waiting is tested elsewhere, and would only take time here.
    case.headers = {name: value for name, value in headers.items() if name.lower() not in ("prefer", "authorization")}
    if not case.path.startswith(DOORS):
        case.headers["Authorization"] = "Bearer %s" % next(TOKENS)
    shelf = shelf_of(case.path)
    if shelf and "id" in (case.path_parameters or {}) and likely():
        case.path_parameters["id"] = taken(shelf) or case.path_parameters["id"]
    if likely():
        meant(case.body)


def learn(path, document):
    if isinstance(document, list):
        for item in document:
            learn(path, item)
    if not isinstance(document, dict):
        return
    if isinstance(document.get("transaction_id"), str):
        known["/api/transactions"].append(document["transaction_id"])
        if document.get("side") == "seller":
            known["/seller/orders"].append(document["transaction_id"])
    if isinstance(document.get("bpp_id"), str) and isinstance(document.get("offer_id"), str):
        known["found"].append((document["bpp_id"], document["offer_id"]))
    shelf = shelf_of(path)
    if shelf and isinstance(document.get("id"), str):
        known[shelf].append(document["id"])
    for name in ("plan_id", "interest_id"):
        if isinstance(document.get(name), str):
            known["/api/%ss" % name[:-3]].append(document[name])
    for value in document.values():
        learn(path, value)


@schemathesis.hook
def after_call(context, case, response):
    seen[str(response.status_code)] += 1
    if 200 <= response.status_code < 300:
        try:
            learn(case.path, json.loads(response.content))
        except ValueError:
            pass
    if sum(seen.values()) % 25 == 0:
        with open(REPORT, "w", encoding="utf-8") as file:
            json.dump(seen, file)
