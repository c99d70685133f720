"""The package of clients/python through a whole trade, as somebody who has it from the README would use it."""

import http.server
import os
import sys
import threading

import demo
from check import until
from demo import ROOT

sys.path.insert(0, os.path.join(ROOT, "clients", "python"))

import wattmandi  # noqa: E402 - the package that is tested


class Receiver:
    """A receiver of webhooks that believes only what is signed."""

    def __init__(self):
        self.messages, self.refused, self.secrets = [], [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                payload = self.rfile.read(int(self.headers["content-length"]))
                try:
                    message = wattmandi.verify(payload, self.headers, receiver.secrets)
                    receiver.messages.append((self.headers["webhook-id"], message))
                    self.send_response(204)
                except wattmandi.WebhookError as error:
                    receiver.refused.append(str(error))
                    self.send_response(401)
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/hook" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()

    def kinds(self):
        return {message["type"] for _, message in self.messages}


def run(tally):
    with demo.Demo("--quiet", "--free-ports") as network:
        receiver = Receiver()
        try:
            trade(tally, network, receiver)
            failures(tally, network)
        finally:
            receiver.stop()
        tally.equal(network.panics(), [], "the panics in the log")
    verification(tally)


def trade(tally, network, receiver):
    asha = wattmandi.Client(network.alpha, "demo-token-of-asha")
    farid = wattmandi.Client(network.beta, "demo-token-of-farid")
    hook = asha.add_webhook(receiver.url, ["contract.*", "offer.*", "account.changed"])
    receiver.secrets.append(hook["secret"])
    now = demo.parse_time(asha.profile()["platform"]["market_time"])
    start = demo.utc(demo.slot_after(now, 6))
    heard = []
    listening = threading.Thread(target=listen, args=(asha, heard), daemon=True)
    listening.start()
    offer = asha.list_offer("TEST_METER_ASHA", [{"start": start, "quantity_kwh": "5", "price_inr": "6.50"}], "A roof")
    tally.equal(asha.until_published(offer["id"])["publication"]["state"], "accepted", "the verdict of the catalog")
    found = [one for one in farid.search(max_price_inr="7") if one["offer_id"] == offer["id"]]
    tally.equal(len(found), 1, "the number of offers that are found")
    bought = farid.buy(found[0], {start: "2"}, "TEST_METER_FARID")
    tally.equal((bought["state"], bought["totals"]["amount_inr"]), ("standing", "13.00"), "the trade")
    search = bought["transaction_id"]
    sold = asha.until(search, "active", side="seller")
    tally.equal(sold["totals"]["quantity_kwh"], "2", "what is sold")
    tally.equal(asha.offer(offer["id"])["slots"][0]["sold_kwh"], "2", "what the offer says of it")
    tally.equal(farid.track(search)["exchanges"][0]["action"], "track", "the question beside the trade")
    kinds = [event["kind"] for event in first(farid.events(transaction_id=search), "contract.standing")]
    tally.check({"search.answered", "contract.draft", "contract.standing"} <= set(kinds), "the stream of the trade tells it", kinds)
    until(lambda: "contract.active" in [event["kind"] for event in heard], "the stream of the seller")
    until(lambda: {"contract.active", "offer.listed", "offer.stock_changed"} <= receiver.kinds(), "the webhooks")
    tally.equal(receiver.refused, [], "the webhooks that were refused")
    pages(tally, asha, hook, receiver)
    tally.equal(farid.update(search, {start: "1.5"})["transaction_id"], search, "the reduced trade")
    until(lambda: farid.transaction(search)["totals"]["quantity_kwh"] == "1.5", "the reduction")
    farid.cancel(search, "not needed")
    tally.equal(farid.until(search, "cancelled")["state"], "cancelled", "the end")
    tally.check(any(event["kind"] == "offer.stock_changed" for event in heard), "the stock went back")
    tally.equal(asha.withdraw_offer(offer["id"])["state"], "withdrawn", "the offer")


def pages(tally, asha, hook, receiver):
    """Lists over several pages, rotation and replay."""
    every = [delivery["event"] for delivery in asha.pages("/api/webhooks/%s/deliveries" % hook["id"], limit=2)]
    tally.check(len(every) > 4 and every == sorted(every, reverse=True), "all pages are read, in order", every)
    rotated = asha.rotate_webhook(hook["id"])
    tally.check(rotated["secret"] != hook["secret"], "the secret is another")
    before = len(receiver.messages)
    queued = asha.replay_webhook(hook["id"])["queued"]
    until(lambda: len(receiver.messages) >= before + queued, "the replay")
    # The old secret is enough for a day, and the new one too.
    receiver.secrets[:] = [rotated["secret"]]
    asha.replay_webhook(hook["id"], after_event=every[1])
    until(lambda: len(receiver.messages) > before + queued, "what the new secret signs")
    tally.equal(receiver.refused, [], "the webhooks that were refused")
    ids = [name for name, _ in receiver.messages]
    tally.check(len(set(ids)) < len(ids), "what comes again keeps its id")
    asha.remove_webhook(hook["id"])
    tally.equal(list(asha.webhooks()), [], "the list of webhooks")


def listen(person, heard):
    """Until the demo ends, and with it the stream."""
    try:
        for event in person.events(after=0):
            heard.append(event)
    except wattmandi.NoAnswer:
        return


def first(events, last):
    """The events up to the first of a kind."""
    for event in events:
        yield event
        if event["kind"] == last:
            return


def failures(tally, network):
    asha = wattmandi.Client(network.alpha, "demo-token-of-asha")
    for what, work, kind, code in (
            ("an unknown id", lambda: asha.transaction("x"), wattmandi.NotFound, "resource.not_found"),
            ("a wrong body", lambda: asha.post("/api/select", {}), wattmandi.Invalid, "request.field_invalid"),
            ("a wrong token", lambda: wattmandi.Client(network.alpha, "x").account(), wattmandi.Unauthorized,
             "auth.token_invalid"),
            ("too much money", lambda: asha.post("/users/me/account/withdrawals", {"amount_inr": "900000.00"}),
             wattmandi.Conflict, "account.withdrawal_exceeded")):
        try:
            work()
            tally.check(False, "%s is refused" % what)
        except wattmandi.Problem as problem:
            tally.check(isinstance(problem, kind) and problem.code == code and problem.request_id,
                        "%s is a %s" % (what, kind.__name__), found=problem)
    key = "the same key"
    body = {"amount_inr": "10.00"}
    one, two = (asha.post("/users/me/account/top-ups", body, idempotency_key=key) for _ in range(2))
    tally.equal(one["id"], two["id"], "the payment under one key")
    three = asha.post("/users/me/account/top-ups", body)
    tally.check(three["id"] != one["id"], "every other write has a key of its own")
    try:
        wattmandi.Client("http://127.0.0.1:9", "x", retries=1).account()
        tally.check(False, "nobody answers")
    except wattmandi.NoAnswer:
        tally.check(True, "nobody answers")


def verification(tally):
    """What a receiver must refuse, beside the example of the specification."""
    secret, payload = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = {"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
               "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
    at = lambda: 1614265330 + 10  # noqa: E731 - the moment of the example
    tally.equal(wattmandi.verify(payload, headers, secret, now=at), {"test": 2432232314}, "the example")
    tally.equal(wattmandi.verify(payload, dict(headers, **{"webhook-signature": "v2,x v1,eA== " + headers[
        "webhook-signature"]}), ["whsec_eA==", secret], now=at)["test"], 2432232314, "one of several")
    for what, wrong in (
            ("another body", dict(payload=payload + b" ")),
            ("another secret", dict(secret="whsec_eA==")),
            ("no secret at all", dict(secret=[])),
            ("an old message", dict(now=lambda: at() + 1000)),
            ("a message of the future", dict(now=lambda: at() - 1000)),
            ("another id", dict(headers=dict(headers, **{"Webhook-Id": "msg_x"}))),
            ("no signature", dict(headers={"webhook-id": "x", "webhook-timestamp": "1614265330"})),
            ("a signature of another version", dict(headers=dict(headers, **{
                "webhook-signature": headers["webhook-signature"].replace("v1", "v0")})))):
        given = {"payload": payload, "headers": headers, "secret": secret, "now": at, **wrong}
        try:
            wattmandi.verify(given.pop("payload"), given.pop("headers"), given.pop("secret"), **given)
            tally.check(False, "%s is refused" % what)
        except wattmandi.WebhookError:
            tally.check(True, "%s is refused" % what)
