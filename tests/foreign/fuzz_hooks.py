"""What schemathesis does around each of its requests to the demo (loaded by schemathesis itself, see fuzz.py).

The people take turns, so that each one's things meet the others' requests; what is about oneself is asked by accounts
of the fuzzer's own (fuzz_accounts.py), which may sign out. Ids that answers have shown come back in half of the
requests, as wishes that could be meant: random ones alone would never get past "there is no such thing".
"""

import atexit
import collections
import itertools
import json
import os
import random
import re
import urllib.request

import paper
import schemathesis
from fuzz_accounts import Accounts

BASE = os.environ["FUZZ_BASE"]
PEOPLE = dict(zip(os.environ["FUZZ_TOKENS"].split(","), os.environ["FUZZ_METERS"].split(",")))
TOKENS, METERS = itertools.cycle(PEOPLE), list(PEOPLE.values())
SLOTS = os.environ["FUZZ_SLOTS"].split(",")
REPORT = os.environ["FUZZ_REPORT"]
DICE = random.Random(int(os.environ["FUZZ_SEED"]))
ACCOUNTS = Accounts(BASE, os.environ["FUZZ_DESK"], json.loads(os.environ["FUZZ_ACCOUNTS"]))
SPARES = json.loads(os.environ["FUZZ_SPARES"])
DOORS = ("/bap/", "/bpp/", "/callbacks/", "/discom/", "/catalog/")
# Where the ids of a path come from.
SHELVES = ("/api/transactions", "/api/plans", "/api/interests", "/api/webhooks", "/seller/offers", "/seller/orders",
           "/users/me/credentials", "/users/me/meters", "/auth/sessions", "/auth/tokens", "/admin/users")
# What is about oneself: changed by the fuzzer's own accounts only, or the people would have no meters left.
OWN = re.compile(r"/auth/|/api/webhooks|/users/me(?!/account)")
# What ends the session that asks: mostly asked by one that is over, for nobody can sign in as often as that.
ENDS = ("/auth/logout", "/auth/logout-all", "/auth/sessions/{id}", "/auth/password")
PASSWORD = "quiet roof at noon %d"
CREDENTIAL = {
    "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential", "UtilityCustomerCredential"],
    "issuer": "did:web:north.discom.example", "validFrom": "2026-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:1", "consumerNumber": "1"}}

seen = collections.defaultdict(collections.Counter)
# What answers have shown, by whom they were for.
known = collections.defaultdict(lambda: collections.deque(maxlen=50))
numbers = itertools.count(1)
asked_with = {}


def statements():
    """Who may call which operation, as the document says it."""
    with urllib.request.urlopen(BASE + "/openapi.json", timeout=20) as answer:
        paths = json.load(answer)["paths"]
    return {(method.upper(), path): operation.get("x-access", {})
            for path, item in paths.items() for method, operation in item.items()}


ACCESS = statements()


def shelf_of(path):
    return next((shelf for shelf in SHELVES if path.startswith(shelf)), None)


def likely(chance=0.5):
    return DICE.random() < chance


def taken(name, token):
    """Something that was shown: mostly to this very caller, sometimes to another one."""
    own = known[name, whose(token)]
    if own and likely(0.9):
        return DICE.choice(own)
    others = [value for (shelf, _), values in known.items() if shelf == name for value in values]
    return DICE.choice(others) if others else None


def whose(token):
    """One of the people, or the fuzzer's own accounts, which are as one."""
    return token if token in PEOPLE else None


def token_of(case):
    """Whom the request comes from; none where nobody is asked."""
    access = ACCESS.get((case.method.upper(), case.path), {})
    roles = access.get("roles")
    if not roles:
        return None
    if "prosumer" not in roles:
        return ACCOUNTS.bearer(roles[0])
    own = access["scope"] == "session" or case.method.upper() != "GET" and OWN.match(case.path)
    if not own and not (OWN.match(case.path) and likely()):
        return next(TOKENS)
    let_in = set(seen["%s %s" % (case.method.upper(), case.path)]) - {"401", "429"}
    if case.path in ENDS and let_in and not likely(0.2):
        return "nobody's"
    return ACCOUNTS.bearer("prosumer")


def a_value_for(name, value, path, token):
    """What could be meant by a member of that name."""
    if name in ("transaction_id", "search_id"):
        return taken("/api/transactions", token) or value
    if name == "meter_id":
        return PEOPLE.get(token) if likely(0.8) else DICE.choice(METERS)
    if name in ("start", "from", "to"):
        return DICE.choice(SLOTS)
    if name in ("quantity_kwh", "amount_inr"):
        return DICE.choice(("1", "1.5", "2", "0", "0.01", "999999999"))
    if name == "price_inr":
        return DICE.choice(("6.5", "0.0001", "7"))
    if name == "url":
        return DICE.choice(("https://hooks.example/x", "http://127.0.0.1:9/x", "https://10.0.0.1/"))
    if name == "kinds":
        return DICE.choice((["contract.*"], [], ["*", "offer.listed"]))
    if name == "scopes":
        return DICE.choice((["read"], ["read", "trade"], ["session"]))
    if name == "language":
        return DICE.choice(("en", "hi", "x"))
    if name == "name" and not path.startswith("/seller"):
        return DICE.choice(("Meena", "A device", ""))
    if name == "refresh_token":
        return DICE.choice(list(ACCOUNTS.refresh_tokens) or [value])
    if name == "phone":
        return "+9198100%05d" % DICE.randrange(40)
    return value


def sign_in_body(path, body, token):
    """Bodies of signing in hold together: whose address, whose password, whose code."""
    own = ACCOUNTS.of(token) or ACCOUNTS.one()
    if path == "/auth/register":
        email, password = "new%d@fuzz.example" % next(numbers), PASSWORD % DICE.randrange(9)
        ACCOUNTS.newcomers[email] = password
        body.update(email=DICE.choice((email, own.email)), password=password, name="Meena")
    elif path == "/auth/login":
        body.update(email=own.email, password=DICE.choice((own.password, "wrong")))
    elif path == "/auth/password/forgot":
        body.update(email=DICE.choice((own.email, "nobody@fuzz.example")))
    elif path == "/auth/password":
        body.update(current_password=own.password, new_password=PASSWORD % DICE.randrange(9))
    elif path in ("/auth/verify-email", "/auth/password/reset"):
        reset = path.endswith("reset")
        for email, text in ACCOUNTS.messages("reset_password" if reset else "verify_email")[:1]:
            link = re.search(r"wml_[\w-]+", text)
            password = PASSWORD % DICE.randrange(9) if reset else ACCOUNTS.newcomers.get(email, "unknown")
            body.update(token=link.group(0) if link else "wml_x", password=password)
            asked_with[json.dumps(body, sort_keys=True)] = email
    elif path == "/auth/phone/verify":
        for phone, text in ACCOUNTS.messages("sign_in_code")[:1]:
            body.update(phone=phone, code=re.search(r"\d{6}", text).group(0))


def meant(body, path, token):
    """Puts what exists into the members of a body."""
    if isinstance(body, list):
        for item in body:
            meant(item, path, token)
    if not isinstance(body, dict):
        return
    for name in list(body):
        value = body[name]
        wish = a_value_for(name, value, path, token) if likely() else value
        if wish is not value:
            body[name] = wish
        else:
            meant(value, path, token)


def meant_whole(case, token):
    """Bodies that make sense only as a whole."""
    body, path = case.body, case.path
    if not isinstance(body, dict) or case.method.upper() != "POST":
        return
    search, bpp, offer, start = taken("found", token) or ("", "", "", SLOTS[0])
    trade = {"transaction_id": taken("/api/transactions", token) or search}
    wishes = {
        "/users/me/credentials": CREDENTIAL,
        "/users/me/meters": dict(zip(("discom", "serial_number", "key"), DICE.choice(SPARES))),
        "/seller/offers": {"meter_id": PEOPLE.get(token), "name": "Roof", "slots": [
            {"start": DICE.choice(SLOTS), "quantity_kwh": "1", "price_inr": "6.5"}]},
        "/api/select": {"transaction_id": search, "bpp_id": bpp, "offer_id": offer,
                        "slots": [{"start": start, "quantity_kwh": "0.5"}]},
        "/api/init": {"meter_id": PEOPLE.get(token), **trade},
        "/api/confirm": trade, "/api/cancel": trade, "/api/status": trade, "/api/track": trade,
        "/api/update": {"slots": [{"start": start, "quantity_kwh": "0.25"}], **trade},
    }
    if path.startswith("/auth/"):
        sign_in_body(path, body, token)
    elif path in wishes:
        body.clear()
        body.update(wishes[path])


def bill():
    """A bill of one of the meters."""
    return paper.bill(DICE.choice(METERS), DICE.randrange(2000))


@schemathesis.serializer("application/pdf")
def pdf(context, value):
    """As it is; now and then a bill."""
    if likely():
        return bill()
    value = getattr(value, "data", value)
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = dict(case.headers or {})
    # Waiting is tested elsewhere, and would only take time here.
    case.headers = {name: value for name, value in headers.items() if name.lower() not in ("prefer", "authorization")}
    token = token_of(case)
    if token:
        case.headers["Authorization"] = "Bearer %s" % token
    shelf = shelf_of(case.path)
    if shelf and "id" in (case.path_parameters or {}) and likely():
        case.path_parameters["id"] = taken(shelf, token) or case.path_parameters["id"]
    if likely():
        meant(case.body, case.path, token)
    if likely():
        meant_whole(case, token)


def learn(path, method, document, caller, search=None):
    """Keeps what an answer shows; `search` is the search whose offers it lists."""
    if isinstance(document, list):
        for item in document:
            learn(path, method, item, caller, search)
    if not isinstance(document, dict):
        return
    if isinstance(document.get("transaction_id"), str):
        known["/api/transactions", caller].append(document["transaction_id"])
        if document.get("side") == "seller":
            known["/seller/orders", caller].append(document["transaction_id"])
    if search and isinstance(document.get("offer_id"), str) and document.get("slots"):
        known["found", caller].append(
            (search, document["bpp_id"], document["offer_id"], document["slots"][0]["start"]))
    shelf = shelf_of(path)
    # The people keep their meters, and their roles: only what was made here is given up, and only a newcomer changed.
    kept = shelf == "/users/me/meters" and method != "POST" or shelf == "/admin/users" and not str(
        document.get("email")).startswith("new")
    for name in ("id", "credential_id"):
        if shelf and not kept and isinstance(document.get(name), str):
            known[shelf, caller].append(document[name])
    for name in ("plan_id", "interest_id"):
        if isinstance(document.get(name), str):
            known["/api/%ss" % name[:-3], caller].append(document[name])
    for value in document.values():
        learn(path, method, value, caller, search)


def sessions(case, status, document):
    """What the answer means for who is signed in."""
    body = case.body if isinstance(case.body, dict) else {}
    token = (case.headers or {}).get("Authorization", "")[7:]
    if status == 401:
        ACCOUNTS.gone(token)
    if status // 100 != 2:
        return
    if case.path == "/auth/password" and ACCOUNTS.of(token):
        ACCOUNTS.knows(ACCOUNTS.of(token).email, body.get("new_password"))
    if case.path == "/auth/password/reset":
        email = asked_with.get(json.dumps(body, sort_keys=True))
        ACCOUNTS.knows(email, body.get("password"))
    if isinstance(document, dict) and isinstance(document.get("refresh_token"), str):
        ACCOUNTS.refresh_tokens.append(document["refresh_token"])
    if case.path in ENDS:
        ACCOUNTS.gone(token)
        ACCOUNTS.rotate()


@schemathesis.hook
def after_call(context, case, response):
    method = case.method.upper()
    seen["%s %s" % (method, case.path)][str(response.status_code)] += 1
    document = None
    if 200 <= response.status_code < 300:
        try:
            document = json.loads(response.content)
        except ValueError:
            pass
        search = (case.path_parameters or {}).get("id") if case.path.endswith("/{id}/offers") else None
        caller = whose((case.headers or {}).get("Authorization", "")[7:])
        learn(case.path, method, document, caller, search)
    sessions(case, response.status_code, document)


@atexit.register
def report():
    with open(REPORT, "w", encoding="utf-8") as file:
        json.dump(seen, file)
