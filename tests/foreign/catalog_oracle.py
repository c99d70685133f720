"""The catalog service against a plain evaluation: a data set of its own, some sixty questions, and the ids compared.

The answers expected are computed here, by walking the published objects: no code and no rule of the server is used but
the texts of the protocol.
"""

import copy
import datetime
import math
import os
import random
import shutil
import subprocess
import tempfile
import time
from decimal import Decimal

import beckn
import demo
import energy
import peer

SEED, OFFERS, CATALOGS = 20261121, 400, 5
KINDS = ("SOLAR", "WIND", "BATTERY", "BIOGAS")
NAMES = ("Sunny", "Windy", "Quiet", "Green", "Old", "Corner", "River", "Hill")
THINGS = ("roof", "barn", "school", "terrace", "mill", "garage")
EARTH = 6_371_008.8
SETTLE = 20


class Service:
    """`cds-mock` as a process of its own, on a database file."""

    def __init__(self, folder, port=0):
        self.folder = folder
        self.port = port or beckn_port()
        self.catalog = "http://127.0.0.1:%d" % self.port
        self.process = None

    def start(self):
        program = os.environ.get("CDS_MOCK_BIN") or os.path.join(os.path.dirname(demo.binary()), "cds-mock")
        log = open(os.path.join(self.folder, "cds.log"), "ab")
        self.process = subprocess.Popen(
            [program, "--insecure-demo", "--listen", "127.0.0.1:%d" % self.port,
             "--database", "sqlite:" + os.path.join(self.folder, "cds.db"),
             "--key-file", os.path.join(self.folder, "key.json")], stdout=log, stderr=log)
        log.close()
        end = time.monotonic() + 30
        while True:
            try:
                if beckn.send("GET", self.catalog + "/ready", timeout=2).status == 200:
                    return self
            except OSError:
                pass
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the catalog service does not start")
            time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def beckn_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# The data set -------------------------------------------------------------------------------------------------------

def make(bpp, now):
    """Catalogs with offers. Some have two hours of which the first is closed, some are over, some are for others."""
    chance = random.Random(SEED)
    first = demo.slot_after(now, 6)
    catalogs = []
    for number in range(CATALOGS):
        made = None
        for _ in range(OFFERS // CATALOGS):
            index = len(catalogs) * (OFFERS // CATALOGS) + (len(made["offers"]) if made else 0)
            start = first + datetime.timedelta(hours=chance.choice([-4, -3, 0, 1, 2, 5, 9, 20]))
            rows = [(Decimal(chance.randint(300, 900)) / 100, chance.choice([1, 2, 5, 10]))
                    for _ in range(chance.choice([1, 2, 4]))]
            valid = (demo.utc(now), demo.utc(now + datetime.timedelta(days=3)))
            one = energy.catalog((bpp.id, bpp.url), "oracle-%d" % number, "offer-%04d" % index,
                                 "TEST_METER_%02d" % chance.randint(0, 40), "TEST_DISCOM_NORTH", bpp.url,
                                 demo.utc(start), rows, valid)
            offer, resource = one["offers"][0], one["resources"][0]
            offer["descriptor"] = {"name": "%s %s %d" % (chance.choice(NAMES), chance.choice(THINGS), index)}
            resource["descriptor"] = {"name": "Power of a %s" % chance.choice(THINGS)}
            resource["resourceAttributes"]["type"] = chance.choice(KINDS)
            where = [round(77 + chance.random() * 2, 4), round(12 + chance.random() * 2, 4)]
            if chance.random() < 0.8:
                resource["resourceAttributes"]["geo"] = {"type": "Point", "coordinates": where}
            if chance.random() < 0.2:
                west, south = where
                ring = [[west, south], [west + 0.3, south], [west + 0.3, south + 0.3], [west, south + 0.3], where]
                offer["area"] = {"type": "Polygon", "coordinates": [ring]}
            offer["availableTo"] = chance.choice([
                [], [], [], [{"type": "NETWORK", "id": beckn.NETWORK}], [{"type": "PARTICIPANT", "id": "bap.other"}],
                [{"type": "ROLE", "id": "BAP"}]])
            if made is None:
                made = one
                made["descriptor"] = {"name": "Shelf %d %s" % (number, NAMES[number])}
            else:
                made["offers"].append(offer)
                made["resources"].append(resource)
        catalogs.append(made)
    return catalogs


def publish(bpp, service, catalogs, mode="MERGE"):
    context = bpp.context("catalog/publish", beckn.new_id(), schemaContext=energy.schemas_of(catalogs[0]))
    directives = [{"catalogId": each["id"], "catalogType": "REGULAR", "updateMode": mode,
                   "visibleTo": [beckn.NETWORK]} for each in catalogs]
    answer = bpp.post(service.catalog + "/catalog/publish",
                      {"context": context, "message": {"catalogs": catalogs, "publishDirectives": directives}})
    return context["messageId"], answer


def discover(bap, service, intent, count=0):
    """The offers of all pages, in order; so many are waited for, and more are not missed."""
    context = bap.context("discover", beckn.new_id(), ttl="PT30S")
    after = len(bap.messages)
    answer = bap.post(service.catalog + "/discover", {"context": context, "message": {"intent": intent}})
    if answer.status != 200:
        return answer.status, beckn.error_code(answer.body)
    bap.wait("on_discover", message_id=context["messageId"], after=after)
    end = time.monotonic() + 10
    while True:
        pages = [each for each in bap.messages[after:] if each.context.get("messageId") == context["messageId"]]
        offers = [offer for page in pages for catalog in beckn.at(page.json, "message", "catalogs")
                  for offer in catalog["offers"]]
        if len(offers) >= count or time.monotonic() > end:
            return offers
        time.sleep(0.02)


# The plain evaluation -----------------------------------------------------------------------------------------------

def shown(catalogs, viewer, now):
    """(catalog, offer with its open hours, its resources) of everything that the viewer may see at `now`."""
    found = []
    for catalog in sorted(catalogs, key=lambda each: each["id"]):
        for offer in catalog["offers"]:
            entries = offer["availableTo"]
            if entries and not any((entry["type"], entry["id"]) in viewer for entry in entries):
                continue
            offer = copy.deepcopy(offer)
            chart = offer["offerAttributes"]["commitmentAttributes"]
            begin = demo.parse_time(chart["intervalPeriod"]["start"])
            chart["intervals"] = [row for row in chart["intervals"] if now < begin + datetime.timedelta(
                hours=row["id"] - 4)]
            if not any(energy.cell(row, "AVAILABLE_QTY") >= 1 for row in chart["intervals"]):
                continue
            resources = [each for each in catalog["resources"] if each["id"] in offer["resourceIds"]]
            found.append((catalog, offer, resources))
    return found


def prices(offer):
    return [energy.cell(row, "PRICE_PER_KWH") for row in offer["offerAttributes"]["commitmentAttributes"]["intervals"]]


def amounts(offer):
    return [energy.cell(row, "AVAILABLE_QTY") for row in offer["offerAttributes"]["commitmentAttributes"]["intervals"]]


def has_words(entry, text):
    catalog, offer, resources = entry
    holders = [catalog, catalog["provider"], offer, offer["provider"]] + resources
    words = [word for holder in holders for word in holder["descriptor"]["name"].lower().split()]
    return all(any(word.startswith(asked) for word in words) for asked in text.lower().split())


def haversine(one, two):
    (x1, y1), (x2, y2) = [[math.radians(value) for value in point] for point in (one, two)]
    a = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(a))


def point_of(entry):
    for resource in entry[2]:
        if "geo" in resource["resourceAttributes"]:
            return resource["resourceAttributes"]["geo"]["coordinates"]
    return None


def box_of(entry):
    """West, south, east, north of the offer's area, which is a box."""
    if "area" not in entry[1]:
        return None
    ring = entry[1]["area"]["coordinates"][0]
    return ring[0] + ring[2]


# The questions ------------------------------------------------------------------------------------------------------

CELLS = "@.offerAttributes.commitmentAttributes.intervals[*].payloads[*]"
START = "@.offerAttributes.commitmentAttributes.intervalPeriod.start"
ON_OFFERS = "$.catalogs[*].offers[*] ? (%s)"
ON_RESOURCES = "$.catalogs[*].resources[*] ? (%s)"


def by_filter(expression):
    return {"filters": {"type": "jsonpath", "expression": expression}}


def by_place(op, target, geometry, **more):
    return {"spatial": [dict({"op": op, "targets": target, "geometry": geometry}, **more)]}


def rectangle(west, south, east, north):
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north],
                                                [west, south]]]}


def questions(now):
    """(intent, predicate of an entry)"""
    asked = [({}, lambda entry: True),
             (by_filter(ON_OFFERS % '@.offerAttributes."@type" == "EnergyTradeOffer"'), lambda entry: True)]

    def add(intent, holds):
        asked.append((intent, holds))

    price = 'exists(' + CELLS + ' ? (@.type == "PRICE_PER_KWH" && @.values[0] %s %s))'
    tests = {"<=": lambda a, b: a <= b, "<": lambda a, b: a < b, ">": lambda a, b: a > b, "==": lambda a, b: a == b}
    for sign, limit in (("<=", 3.2), ("<", 4), ("<=", 5.55), (">", 8.9), ("==", 6.01), ("<", 3)):
        add(by_filter(ON_OFFERS % (price % (sign, limit))),
            lambda e, s=sign, n=limit: any(tests[s](p, n) for p in prices(e[1])))
        rfc = "$.catalogs[*].offers[?%s[?@.type == 'PRICE_PER_KWH' && @.values[0] %s %s]]" % (
            CELLS[:-3], sign, limit)
        add(by_filter(rfc), lambda e, s=sign, n=limit: any(tests[s](p, n) for p in prices(e[1])))
    add(by_filter(ON_OFFERS % ("!(%s)" % (price % ("<=", 7)))), lambda e: not any(p <= 7 for p in prices(e[1])))
    add(by_filter(ON_OFFERS % (CELLS + ' ? (@.type == "AVAILABLE_QTY").values[0] >= 10')),
        lambda e: any(a >= 10 for a in amounts(e[1])))
    for kind in KINDS + ("NOTHING",):
        add(by_filter(ON_RESOURCES % ('@.resourceAttributes.type == "%s"' % kind)),
            lambda e, k=kind: any(r["resourceAttributes"]["type"] == k for r in e[2]))
        add(by_filter("$[?(@.resourceAttributes.type == '%s')]" % kind),
            lambda e, k=kind: any(r["resourceAttributes"]["type"] == k for r in e[2]))
    for meter in ("TEST_METER_00", "TEST_METER_17", "TEST_METER_99"):
        add(by_filter(ON_OFFERS % ('@.provider.providerAttributes.meterId == "%s"' % meter)),
            lambda e, m=meter: e[1]["provider"]["providerAttributes"]["meterId"] == m)
    for offer_id in ("offer-0003", "offer-0399", "nothing"):
        add(by_filter(ON_OFFERS % ('@.id == "%s"' % offer_id)), lambda e, i=offer_id: e[1]["id"] == i)
    add(by_filter(ON_OFFERS % '@.id == "offer-0003" || @.id starts with "offer-01"'),
        lambda e: e[1]["id"] == "offer-0003" or e[1]["id"].startswith("offer-01"))
    add(by_filter('$.catalogs[*] ? (@.id == "oracle-2")'), lambda e: e[0]["id"] == "oracle-2")
    add(by_filter('$.catalogs[*] ? (@.id == "oracle-2").offers[*] ? (@.id != "offer-0170")'),
        lambda e: e[0]["id"] == "oracle-2" and e[1]["id"] != "offer-0170")
    add(by_filter(ON_OFFERS % "exists(@.area)"), lambda e: "area" in e[1])
    for hours, sign in ((8, ">="), (8, "<"), (20, ">=")):
        instant = demo.slot_after(now, hours)
        add(by_filter(ON_OFFERS % ('%s %s "%s"' % (START, sign, instant.isoformat()))),
            lambda e, at=instant, s=sign: (begin(e[1]) >= at) == (s == ">="))
    for text in ("sunny", "roof", "sunny roof", "Shelf 2", "pow mill", "shelf river", "nobody", "CORNER barn", "3"):
        add({"textSearch": text}, lambda e, t=text: has_words(e, t))
    here, target = [78.0, 13.0], "$.resourceAttributes.geo"
    for meters in (5_000, 20_000, 60_000, 0):
        add(by_place("S_DWITHIN", target, {"type": "Point", "coordinates": here}, distanceMeters=meters),
            lambda e, m=meters: point_of(e) is not None and haversine(point_of(e), here) <= m)
    box = (77.5, 12.5, 78.25, 13.1)
    inside = lambda p: p is not None and box[0] < p[0] < box[2] and box[1] < p[1] < box[3]
    add(by_place("S_WITHIN", target, rectangle(*box)), lambda e: inside(point_of(e)))
    add(by_place("S_INTERSECTS", [target], rectangle(*box), quantifier="ALL"), lambda e: inside(point_of(e)))
    add(by_place("S_WITHIN", target, rectangle(*box), quantifier="NONE"), lambda e: not inside(point_of(e)))
    add(by_place("S_DISJOINT", target, rectangle(*box)), lambda e: point_of(e) is not None and not inside(point_of(e)))

    def area(held):
        return lambda e: box_of(e) is not None and held(box_of(e))
    meets = lambda b: b[0] <= box[2] and box[0] <= b[2] and b[1] <= box[3] and box[1] <= b[3]
    within = lambda b: box[0] <= b[0] and b[2] <= box[2] and box[1] <= b[1] and b[3] <= box[3]
    add(by_place("S_INTERSECTS", "$.area", rectangle(*box)), area(meets))
    add(by_place("S_WITHIN", "$.area", rectangle(*box)), area(within))
    add(by_place("S_OVERLAPS", "$.area", rectangle(*box)), area(lambda b: meets(b) and not within(b)))
    add(by_place("S_CONTAINS", "$.area", {"type": "Point", "coordinates": here}),
        area(lambda b: b[0] < here[0] < b[2] and b[1] < here[1] < b[3]))
    cheap = by_filter(ON_OFFERS % (price % ("<=", 5)))
    add(dict(cheap, textSearch="roof"), lambda e: min(prices(e[1])) <= 5 and has_words(e, "roof"))
    near = by_place("S_DWITHIN", target, {"type": "Point", "coordinates": here}, distanceMeters=60_000)
    for text in ("s", "green", "power"):
        add(dict(cheap, textSearch=text, **near), lambda e, t=text: (
            min(prices(e[1])) <= 5 and has_words(e, t) and point_of(e) is not None
            and haversine(point_of(e), here) <= 60_000))
    return asked


def begin(offer):
    return demo.parse_time(offer["offerAttributes"]["commitmentAttributes"]["intervalPeriod"]["start"])


# The parts ----------------------------------------------------------------------------------------------------------

def compare(tally, bap, service, catalogs, now):
    viewer = {("NETWORK", beckn.NETWORK), ("PARTICIPANT", bap.id), ("ROLE", "BAP")}
    visible = shown(catalogs, viewer, now)
    told = 0
    for intent, holds in questions(now):
        expected = [entry[1]["id"] for entry in visible if holds(entry)]
        found = discover(bap, service, intent, len(expected))
        ids = [offer["id"] for offer in found] if isinstance(found, list) else found
        tally.check(ids == expected, "the answer to %s" % intent, found="%s instead of %s" % (ids, expected))
        told += len(expected)
    rows = {entry[1]["id"]: [row["id"] for row in entry[1]["offerAttributes"]["commitmentAttributes"]["intervals"]]
            for entry in visible}
    found = {offer["id"]: [row["id"] for row in offer["offerAttributes"]["commitmentAttributes"]["intervals"]]
             for offer in discover(bap, service, {}, len(visible))}
    tally.equal(found, rows, "the open hours of every offer")
    tally.check(told > 1_000 and len(visible) < OFFERS, "there was something to find, and something to leave out")
    tally.equal(discover(bap, service, {"mediaSearch": {"media": [{"type": "image", "url": "https://x.example/i"}]}}),
                (400, "NET_NOT_IMPLEMENTED"), "the answer to a search by pictures")


def killed(tally, bap, bpp, service, catalogs):
    """The service is killed while it publishes, several times; afterwards everything is there, once."""
    changed = copy.deepcopy(catalogs)
    for number, pause in enumerate((0.0, 0.05, 0.15, 0.4)):
        for catalog in changed:
            catalog["descriptor"]["name"] = "Round %d" % number
            for offer in catalog["offers"]:
                offer["descriptor"]["name"] = "Round %d" % number
                offer["availableTo"] = []
        after = len(bpp.messages)
        message_id, answer = publish(bpp, service, changed, "FULL")
        tally.equal(answer.status, 200, "the status of the publication")
        time.sleep(pause)
        service.kill()
        service.start()
        results = bpp.wait("catalog/on_publish", message_id=message_id, seconds=60, after=after)
        statuses = [result["status"] for result in beckn.at(results.json, "message", "results")]
        tally.equal(statuses, ["ACCEPTED"] * CATALOGS, "the results of round %d" % number)
        expected = [entry[1]["id"] for entry in shown(changed, set(), demo.parse_time(beckn.now_text()))]
        found = discover(bap, service, {"textSearch": "round %d" % number}, len(expected))
        tally.equal([offer["id"] for offer in found], expected, "the offers after round %d" % number)
        tally.equal({offer["descriptor"]["name"] for offer in found}, {"Round %d" % number}, "their names")


def run(tally):
    folder = tempfile.mkdtemp(prefix="wattmandi-catalog-")
    service = Service(folder)
    bpp = peer.Peer(service, "bpp.oracle.example", "BPP")
    bap = peer.Peer(service, "bap.oracle.example", "BAP")
    try:
        service.start()
        for each in (bpp, bap):
            answer = each.register()
            tally.check(answer.status in (200, 201), "%s is registered" % each.id, found=answer.body)
        now = demo.parse_time(beckn.now_text())
        # A question at the very end of an hour would be judged in the next.
        hour_left = 3600 - int(time.time()) % 1800
        if hour_left % 1800 < SETTLE or hour_left % 1800 > 1795:
            time.sleep(SETTLE + 10)
            now = demo.parse_time(beckn.now_text())
        catalogs = make(bpp, now)
        message_id, answer = publish(bpp, service, catalogs)
        tally.equal(answer.status, 200, "the status of the publication")
        results = bpp.wait("catalog/on_publish", message_id=message_id, seconds=60)
        verdicts = [(each["status"], each.get("errors")) for each in beckn.at(results.json, "message", "results")]
        tally.equal(verdicts, [("ACCEPTED", None)] * CATALOGS, "the results")
        tally.section("a plain evaluation", compare, tally, bap, service, catalogs, now)
        service.stop()
        service.start()
        tally.section("the same after a start", compare, tally, bap, service, catalogs, now)
        tally.section("killed while it publishes", killed, tally, bap, bpp, service, catalogs)
    finally:
        service.stop()
        bpp.stop()
        bap.stop()
        shutil.rmtree(folder, ignore_errors=True)
