"""Beckn 2.0 LTS on the wire: signatures, context, an HTTP client and an HTTP server.

Made from the text of the protocol alone (NFH-007 for signatures, beckn.yaml for bodies). It shares no code with the
server that it tests, and depends on nothing but the standard library and `cryptography`.
"""

import base64
import binascii
import datetime
import hashlib
import http.client
import http.server
import json
import re
import socket
import threading
import time
import urllib.parse
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VERSION = "2.0.0"
NETWORK = "indiaenergystack.in/test-ies-p2p-trading-network"
LABEL = "BLAKE-512="
THREE = "(created) (expires) digest"
FOUR = THREE + " request-signature"
SKEW = 60
LIFE_MAX = 86_400


class SignatureFault(Exception):
    """Why a signature does not hold."""


# Signatures ---------------------------------------------------------------------------------------------------------

def digest(body):
    """BLAKE2b with 64 bytes of output over the bytes as sent, in base64."""
    return base64.b64encode(hashlib.blake2b(body, digest_size=64).digest()).decode()


def signing_string(created, expires, body, answered=None):
    """What is signed: three lines, or four when the signature of an answered request is bound in."""
    lines = ["(created): %d" % created, "(expires): %d" % expires, "digest: " + LABEL + digest(body)]
    if answered is not None:
        lines.append("request-signature: " + answered)
    return "\n".join(lines).encode()


class Key:
    """The signing key of a subscriber under a key id."""

    def __init__(self, subscriber_id, key_id="key-1", seed=None):
        self.subscriber_id = subscriber_id
        self.key_id = key_id
        self.private = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()

    @property
    def name(self):
        return "%s|%s|ed25519" % (self.subscriber_id, self.key_id)

    @property
    def public(self):
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def sign(self, body, answered=None, created=None, life=300, covered=None):
        """The value of `Authorization`; with `answered` (bare base64) of the four-line form."""
        created = int(time.time()) - 1 if created is None else created
        expires = created + life
        text = signing_string(created, expires, body, answered)
        value = base64.b64encode(self.private.sign(text)).decode()
        covered = covered or (THREE if answered is None else FOUR)
        return (
            'Signature keyId="%s",algorithm="ed25519",created="%d",expires="%d",headers="%s",signature="%s"'
            % (self.name, created, expires, covered, value)
        )


PARAMETER = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([0-9]+))\s*(?:,|$)')


def parse_header(text):
    """The parameters of a signature header. Spaces after commas, another order and bare integers are tolerated."""
    if not text:
        raise SignatureFault("missing")
    if not text.startswith("Signature "):
        raise SignatureFault("scheme")
    rest, found = text[len("Signature "):], {}
    at = 0
    while at < len(rest):
        match = PARAMETER.match(rest, at)
        if not match:
            raise SignatureFault("form")
        name, quoted, bare = match.groups()
        if name in found:
            raise SignatureFault("%s occurs twice" % name)
        found[name] = bare if quoted is None else quoted
        at = match.end()
    if found.get("signature", "") == "":
        raise SignatureFault("missing")
    parts = found.get("keyId", "").split("|")
    if len(parts) != 3 or not all(parts) or parts[2] != "ed25519" or found.get("algorithm") != "ed25519":
        raise SignatureFault("keyId or algorithm")
    if found.get("headers") not in (THREE, FOUR):
        raise SignatureFault("headers")
    for name in ("created", "expires"):
        if not re.fullmatch(r"[0-9]{1,12}", found.get(name, "")):
            raise SignatureFault(name)
        found[name] = int(found[name])
    found["subscriber"], found["key"] = parts[0], parts[1]
    return found


def signature_text(header):
    """The bare base64 of a header, to which an answer is chained; none without a usable one."""
    try:
        return parse_header(header)["signature"]
    except SignatureFault:
        return None


def public_key(text):
    """A raw key of 32 bytes in base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureFault("key: %s" % error)
    if len(raw) != 32:
        raise SignatureFault("key: %d bytes" % len(raw))
    return Ed25519PublicKey.from_public_bytes(raw)


def verify(header, body, key, now, answered=None, skew=SKEW, unchained_as_four=False):
    """Verifies a header over a body by a public key in base64, at a moment; gives the header's parameters.

    `answered` is the bare base64 of the request's signature. `unchained_as_four`: the answer to a request without any
    signature names four lines although there is nothing to chain, and signs three.
    """
    found = parse_header(header)
    if found["created"] > now + skew:
        raise SignatureFault("created in the future")
    if found["expires"] < now:
        raise SignatureFault("expired")
    if found["expires"] <= found["created"] or found["expires"] - found["created"] > LIFE_MAX:
        raise SignatureFault("window")
    chain = None
    if found["headers"] == FOUR:
        if not answered and not unchained_as_four:
            raise SignatureFault("nothing to chain to")
        chain = answered or None
    try:
        raw = base64.b64decode(found["signature"], validate=True)
    except (binascii.Error, ValueError):
        raise SignatureFault("base64")
    if len(raw) != 64 or base64.b64encode(raw).decode() != found["signature"]:
        raise SignatureFault("not 64 bytes in strict base64")
    try:
        public_key(key).verify(raw, signing_string(found["created"], found["expires"], body, chain))
    except InvalidSignature:
        raise SignatureFault("the signature is of something else")
    return found


def response_signature(value):
    """The response header is written with the scheme word and, in older texts, without."""
    return value if value is None or value.startswith("Signature ") else "Signature " + value


# Messages -----------------------------------------------------------------------------------------------------------

def now_text(offset=0.0):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at.microsecond // 1000)


def new_id():
    return str(uuid.uuid4())


def context(action, transaction_id, message_id=None, bap=None, bpp=None, **more):
    """A context; `bap` and `bpp` are pairs of id and URI."""
    made = {"networkId": NETWORK, "version": VERSION, "action": action}
    for role, pair in (("bap", bap), ("bpp", bpp)):
        if pair:
            made[role + "Id"], made[role + "Uri"] = pair
    made.update(transactionId=transaction_id, messageId=message_id or new_id(), timestamp=now_text())
    made.update(more)
    return made


def encode(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body):
    try:
        return json.loads(body.decode())
    except (ValueError, UnicodeDecodeError):
        return None


def at(value, *path):
    """The value at a path of keys and positions; none when it is not there."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def is_ack(status, body):
    """Whether an answer takes a message over, in any of the four shapes; the HTTP status decides first."""
    said = decode(body)
    for path in (("message", "status"), ("message", "ack", "status"), ("status",), ("ack_status",)):
        if at(said, *path) in ("ACK", "NACK"):
            return status == 200 and at(said, *path) == "ACK"
    return status == 200


def error_code(body):
    """The code of a NACK, wherever it stands."""
    said = decode(body)
    for path in (("message", "error", "code"), ("error", "code"), ("error", "errorCode")):
        if at(said, *path):
            return at(said, *path)
    return None


# HTTP ---------------------------------------------------------------------------------------------------------------

class Answer:
    """A response: status, headers by lower-case name, bytes."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return decode(self.body)


def send(method, url, body=b"", headers=None, timeout=40):
    """One request without redirects. An answer that comes before the body was taken is read all the same."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    path = parts.path + ("?" + parts.query if parts.query else "")
    try:
        connection.putrequest(method, path or "/", skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        try:
            connection.endheaders()
            for start in range(0, len(body), 65_536):
                connection.send(body[start:start + 65_536])
        except (BrokenPipeError, ConnectionResetError):
            pass
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, more, answer = self.server.handle_message(self.path, headers, body)
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Listens on a free loopback port; `handle(path, headers, body)` gives status, headers and body."""

    daemon_threads = True

    def __init__(self, handle):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.handle_message = handle
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.base_url = "http://127.0.0.1:%d" % self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
