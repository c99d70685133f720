"""A participant of the network in Python: a key in the registry, a door for callbacks, a mouth for requests."""

import hashlib
import threading
import time
import urllib.parse

import beckn
import energy


class Message:
    """What came in at our door: path, headers, exact bytes, and what they say."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body
        self.json = beckn.decode(body)
        self.action = beckn.at(self.json, "context", "action")
        self.context = beckn.at(self.json, "context") or {}
        self.contract = beckn.at(self.json, "message", "contract")
        self.error = beckn.at(self.json, "error")
        self.fault = None
        self.chained = False

    @property
    def authorization(self):
        return self.headers.get("authorization")


class Peer:
    """One subscriber. Everything that is sent is signed; everything that comes is verified before it is believed.

    `answer(peer, message)` decides the synchronous answer to a request: status, headers, body; none takes it over in
    the current shape. Callbacks are always taken over, and kept in `messages`.
    """

    def __init__(self, demo, subscriber_id, kind, seed=None):
        self.demo = demo
        self.id = subscriber_id
        self.kind = kind
        self.key = beckn.Key(subscriber_id, "key-1", seed)
        self.answer = None
        self.messages = []
        self.sent = {}
        self._news = threading.Condition()
        self._keys = {}
        self.server = beckn.Server(self._receive)
        self.url = self.server.base_url

    def stop(self):
        self.server.stop()

    # The registry

    def registration(self, key=None):
        key = key or self.key
        return {"subscriber_id": self.id, "url": self.url, "type": self.kind, "key_id": key.key_id,
                "signing_public_key": key.public, "network_memberships": [beckn.NETWORK]}

    def register(self):
        """The key signs its own record; that proves that it is ours."""
        body = beckn.encode(self.registration())
        return beckn.send("POST", self.demo.catalog + "/registry/subscribers", body, {
            "Content-Type": "application/json", "Authorization": self.key.sign(body)})

    def revoke(self, key, signer):
        body = beckn.encode({"subscriber_id": self.id, "key_id": key.key_id, "action": "revoke"})
        path = "/registry/subscribers/%s/keys/%s" % (self.id, key.key_id)
        return beckn.send("DELETE", self.demo.catalog + path, body, {
            "Content-Type": "application/json", "Authorization": signer.sign(body)})

    def public_key(self, subscriber, key_id):
        """The key of somebody, from the registry."""
        name = (subscriber, key_id)
        if name not in self._keys:
            path = "/registry/dedi/lookup/%s/subscribers.beckn.one/%s" % tuple(
                urllib.parse.quote(part, safe="") for part in name)
            found = beckn.send("GET", self.demo.catalog + path)
            if found.status != 200 or found.json["data"]["is_revoked"]:
                raise beckn.SignatureFault("the registry has no live key %s of %s" % (key_id, subscriber))
            self._keys[name] = found.json["data"]["details"]["signing_public_key"]
        return self._keys[name]

    # In

    def _receive(self, path, headers, body):
        message = Message(path, headers, body)
        try:
            self._judge(message)
        except beckn.SignatureFault as fault:
            message.fault = str(fault)
        with self._news:
            self.messages.append(message)
            self._news.notify_all()
        if message.fault:
            refusal = {"status": "NACK", "error": {"code": "AUT_SIGNATURE_INVALID", "message": message.fault}}
            return self.reply(message, 401, {"message": refusal})
        if self.answer and not _is_callback(message.action):
            answered = self.answer(self, message)
            if answered:
                return answered
        return self.reply(message, 200, {"message": {"status": "ACK", "messageId": message.context.get("messageId")}})

    def _judge(self, message):
        header = beckn.parse_header(message.authorization)
        context, callback = message.context, _is_callback(message.action)
        request = None
        if callback:
            request = self.sent.get((context.get("messageId"), _request_of(message.action)))
        answered = beckn.signature_text(request) if request else None
        key = self.public_key(header["subscriber"], header["key"])
        beckn.verify(message.authorization, message.body, key, int(time.time()), answered)
        message.chained = header["headers"] == beckn.FOUR
        side = context.get("bppId" if callback or message.action == "catalog/publish" else "bapId")
        if side is not None and side != header["subscriber"] and header["subscriber"] != "cds.wattmandi.example":
            raise beckn.SignatureFault("signed by %s, sent by %s" % (header["subscriber"], side))
        if not message.path.endswith("/" + str(message.action)):
            raise beckn.SignatureFault("the action is not the path")

    def reply(self, message, status, value, prefix=True, signed=True):
        """A synchronous answer, signed and chained to what it answers."""
        body = value if isinstance(value, bytes) else beckn.encode(value)
        headers = {"Content-Type": "application/json"}
        if signed:
            text = self.key.sign(body, beckn.signature_text(message.authorization), covered=beckn.FOUR)
            headers["Signature"] = text if prefix else text[len("Signature "):]
        return status, headers, body

    def wait(self, action, transaction_id=None, message_id=None, where=None, seconds=15.0, after=0):
        """The first message of that kind that came or comes; `after` skips what had come before that position."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                for message in self.messages[after:]:
                    if (message.action == action
                            and transaction_id in (None, message.context.get("transactionId"))
                            and message_id in (None, message.context.get("messageId"))
                            and (where is None or where(message))):
                        return message
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("no %s came in %g s" % (action, seconds))
                self._news.wait(left)

    def count(self, action, transaction_id):
        with self._news:
            return sum(1 for message in self.messages
                       if message.action == action and message.context.get("transactionId") == transaction_id)

    # Out

    def context(self, action, transaction_id, peer=None, message_id=None, **more):
        """`peer`: the other side's id and base URL. Who is BAP follows from the action."""
        provider = _is_callback(action) or action == "catalog/publish"
        own = (self.id, self.url + ("/bpp/receiver" if provider else "/bap/receiver"))
        other = (peer[0], peer[1] + ("/bap/receiver" if provider else "/bpp/receiver")) if peer else None
        bap, bpp = (other, own) if provider else (own, other)
        return beckn.context(action, transaction_id, message_id, bap, bpp, **more)

    def post(self, url, value, answered=None, key=None, authorization=None, headers=None, **signing):
        """Signs and sends; remembers the signature, to which a callback may be chained. Gives answer and bytes."""
        body = value if isinstance(value, bytes) else beckn.encode(value)
        text = authorization if authorization is not None else (key or self.key).sign(body, answered, **signing)
        sent = {"Content-Type": "application/json"}
        if text:
            sent["Authorization"] = text
        sent.update(headers or {})
        context = beckn.at(value, "context") if isinstance(value, dict) else None
        if isinstance(context, dict) and text:
            self.sent[(context.get("messageId"), context.get("action"))] = text
        answer = beckn.send("POST", url, body, sent)
        answer.sent_authorization = text
        answer.sent_body = body
        return answer

    def ask(self, peer, action, transaction_id, message, message_id=None, **more):
        """A request to the seller's side of a platform."""
        context = self.context(action, transaction_id, peer, message_id, schemaContext=energy.schemas_of(message),
                               **more)
        answer = self.post("%s/bpp/receiver/%s" % (peer[1], action), {"context": context, "message": message})
        answer.message_id = context["messageId"]
        return answer

    def call_back(self, peer, action, transaction_id, message, request=None, chained=False, error=None, **more):
        """A callback to the buyer's side of a platform; without `request` an unsolicited one."""
        message_id = request.context["messageId"] if request else None
        context = self.context(action, transaction_id, peer, message_id, schemaContext=energy.schemas_of(message),
                               **more)
        value = {"context": context, "message": message}
        if error:
            value["error"] = error
        answered = beckn.signature_text(request.authorization) if request and chained else None
        answer = self.post("%s/bap/receiver/%s" % (peer[1], action), value, answered)
        answer.message_id = context["messageId"]
        return answer

    def tell_ledger(self, ledger_id, action, transaction_id, contract):
        """Our own DISCOM's ledger gets the contract readdressed, without anybody's bank details."""
        message = {"contract": energy.for_ledger(contract)}
        url = self.demo.discoms
        context = beckn.context(
            action, transaction_id, None, (ledger_id, url + "/bap/receiver"), (self.id, self.url + "/bpp/caller"),
            schemaContext=energy.schemas_of(message))
        return self.post("%s/bap/receiver/%s" % (url, action), {"context": context, "message": message})

    def answer_signed(self, answer, by):
        """Whether a synchronous answer is signed by `by` and chained to what we sent; the reason when it is not."""
        header = beckn.response_signature(answer.headers.get("signature"))
        try:
            found = beckn.parse_header(header)
            if found["subscriber"] != by:
                return "signed by %s" % found["subscriber"]
            if found["headers"] != beckn.FOUR:
                return "not chained"
            answered = beckn.signature_text(answer.sent_authorization)
            beckn.verify(header, answer.body, self.public_key(found["subscriber"], found["key"]), int(time.time()),
                         answered, unchained_as_four=answered is None and answer.status == 401)
        except beckn.SignatureFault as fault:
            return str(fault)
        return None


def seed(name):
    """A key that is the same in every run."""
    return hashlib.sha256(("foreign key of %s" % name).encode()).digest()


def _is_callback(action):
    return (action or "").rsplit("/", 1)[-1].startswith("on_")


def _request_of(action):
    before, _, name = (action or "").rpartition("/")
    return (before + "/" if before else "") + name[len("on_"):]
