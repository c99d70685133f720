"""What schemathesis does around each of its requests to the demo: it takes turns among the people, so that their limits
are met seldom and their things are mixed, and counts what came."""

import collections
import itertools
import json
import os

import schemathesis

TOKENS = itertools.cycle(os.environ["FUZZ_TOKENS"].split(","))
SEEN = collections.Counter()
REPORT = os.environ["FUZZ_REPORT"]


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = dict(case.headers or {})
    # Waiting is tested elsewhere, and would only take time here.
    headers = {name: value for name, value in headers.items() if name.lower() not in ("prefer", "authorization")}
    if not case.path.startswith(("/bap/", "/bpp/", "/callbacks/", "/discom/", "/catalog/")):
        headers["Authorization"] = "Bearer %s" % next(TOKENS)
    case.headers = headers


@schemathesis.hook
def after_call(context, case, response):
    SEEN[str(response.status_code)] += 1
    if sum(SEEN.values()) % 50 == 0:
        with open(REPORT, "w", encoding="utf-8") as file:
            json.dump(SEEN, file)
