"""The signature vectors of another implementation, and the two headers that we write ourselves.

python3 test_beckn.py [VECTORS]      VECTORS is the folder that holds beckn/signature_vectors.json
"""

import base64
import json
import os
import sys

import beckn
from check import Tally

HERE = os.path.dirname(os.path.abspath(__file__))


def folder():
    return os.environ.get("WATTMANDI_VECTORS", os.path.join(HERE, "..", "..", "..", "shared", "vectors"))


def judged(vector):
    """What a careful receiver says of a vector: an HTTP status and a code."""
    registry = vector.get("registry")
    if registry == "empty":
        return 401, "AUT_SUBSCRIBER_NOT_FOUND"
    if registry in ("EXPIRED", "SUSPENDED"):
        return 401, "AUT_KEY_EXPIRED_OR_REVOKED"
    body = vector["body"].encode()
    stored = vector.get("stored_request_header")
    answered = vector["request_signature"] if stored is None else beckn.signature_text(stored)
    header = beckn.response_signature(vector["header"]) if vector.get("kind") == "response" else vector["header"]
    refused = vector.get("kind") == "response" and b'"NACK"' in body
    try:
        found = beckn.verify(header, body, vector["public_key_b64"], vector["now"], answered,
                             unchained_as_four=refused)
    except beckn.SignatureFault as fault:
        return 401, "AUT_SIGNATURE_MISSING" if str(fault) == "missing" else "AUT_SIGNATURE_INVALID"
    if vector.get("kind") != "response":
        context = beckn.at(beckn.decode(body), "context") or {}
        signer = context.get("bapId" if vector["receiver_role"] == "bpp" else "bppId")
        if signer is not None and signer != found["subscriber"]:
            return 401, "AUT_UNAUTHORIZED_ACTION"
    return 200, None


def positive(tally, vector):
    name, body = vector["id"], vector["body"].encode()
    tally.equal(judged(vector), (200, None), "%s verified" % name)
    tally.equal(beckn.digest(body), vector["digest_b64"], "%s digest" % name)
    text = beckn.signing_string(vector["created"], vector["expires"], body, vector["request_signature"])
    tally.equal(text.decode(), vector["signing_string"], "%s signing string" % name)
    key = beckn.Key(vector["subscriber_id"], vector["unique_key_id"], base64.b64decode(vector["private_seed_b64"]))
    life = vector["expires"] - vector["created"]
    covered = beckn.FOUR if "request-signature" in vector["header"] else None
    header = key.sign(body, vector["request_signature"], vector["created"], life, covered)
    tally.equal(header, vector["header"], "%s header" % name)


def negative(tally, vector):
    expected = vector["expect_spec"]
    what = "%s (%s)" % (vector["id"], vector["description"])
    tally.equal(judged(vector), (expected["http"], expected.get("code")), what)


def run(tally, vectors=None):
    path = os.path.join(vectors or folder(), "beckn", "signature_vectors.json")
    if not os.path.exists(path):
        tally.check(not os.environ.get("CI"), "the vectors are at %s" % path)
        print("skipped: no vectors at %s" % path)
        return
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    for vector in vectors["positive"]:
        positive(tally, vector)
    for vector in vectors["negative"]:
        negative(tally, vector)


if __name__ == "__main__":
    tally = Tally()
    tally.section("signature vectors", run, tally, sys.argv[1] if len(sys.argv) > 1 else None)
    sys.exit(0 if tally.ok else 1)
