"""Starts and stops `wattmandi demo`, and speaks to the client API of its platforms."""

import datetime
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import uuid

import beckn

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
POSTGRES = "WATTMANDI_TEST_POSTGRES"
NORTH, SOUTH = "TEST_DISCOM_NORTH", "TEST_DISCOM_SOUTH"
IST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))

LINES = {
    "alpha": r"platform alpha\s+(http://\S+)",
    "beta": r"platform beta\s+(http://\S+)",
    "catalog": r"catalog, registry\s+(http://\S+)",
    "discoms": r"DISCOMs, ledgers\s+(http://\S+)",
    "operator": r"operator\s+(http://\S+)/metrics",
}


def binary():
    return os.environ.get("WATTMANDI_BIN") or os.path.join(ROOT, "target", "debug", "wattmandi")


class Schemas:
    """Four fresh schemas of the PostgreSQL at WATTMANDI_TEST_POSTGRES; without it, files."""

    def __init__(self, wanted):
        self.server = os.environ.get(POSTGRES) if wanted else None
        self.names = []

    def __enter__(self):
        if self.server:
            self.names = ["foreign_%s" % uuid.uuid4().hex for _ in range(4)]
            for name in self.names:
                self._psql("CREATE SCHEMA %s" % name)
        return self

    def __exit__(self, *_error):
        for name in self.names:
            self._psql("DROP SCHEMA IF EXISTS %s CASCADE" % name)

    def _psql(self, statement):
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", self.server, "-c", statement], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       env=dict(os.environ, PGOPTIONS="--client-min-messages=warning"))

    def arguments(self):
        if not self.server:
            return []
        join = "&" if "?" in self.server else "?"
        return ["--databases"] + ["%s%soptions[search_path]=%s" % (self.server, join, name) for name in self.names]


class Demo:
    """A network at work. `with Demo("--quiet", "--free-ports") as demo: demo.alpha`."""

    def __init__(self, *arguments, postgres=False, environment=None):
        self._arguments = list(arguments)
        self._environment = dict(os.environ, **(environment or {}))
        self._schemas = Schemas(postgres)
        self._output = []
        self.log_path = None
        self.process = None

    def __enter__(self):
        self._schemas.__enter__()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self):
        handle, self.log_path = tempfile.mkstemp(prefix="wattmandi-foreign-", suffix=".log")
        command = [binary(), "demo"] + self._arguments + self._schemas.arguments()
        with os.fdopen(handle, "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self._environment)
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        end = time.monotonic() + 60
        while not self._greeted():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the demo does not start: %s" % self.log_tail())
            time.sleep(0.05)

    def _read(self):
        for line in iter(self.process.stdout.readline, b""):
            self._output.append(line.decode("utf-8", "replace"))

    def _greeted(self):
        text = "".join(self._output)
        for name, pattern in LINES.items():
            match = re.search(pattern, text)
            if match:
                setattr(self, name, match.group(1).rstrip("/"))
        return "market clock" in text and all(hasattr(self, name) for name in LINES)

    def spares(self, platform="alpha"):
        """Meters that are nobody's yet: DISCOM, serial number, key."""
        return re.findall(r"^  %s +(TEST_DISCOM_\w+) +(\S+) +(\S+)$" % platform, "".join(self._output), re.M)

    def log_tail(self, size=3000):
        with open(self.log_path, "rb") as file:
            text = file.read()
        return text[-size:].decode("utf-8", "replace")

    def panics(self):
        """Lines of the log that speak of a panic."""
        with open(self.log_path, "rb") as file:
            return [line for line in file.read().decode("utf-8", "replace").splitlines() if "panick" in line]

    def stop(self):
        try:
            if self.process and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(20)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
        finally:
            self._schemas.__exit__()
        return self.process.returncode if self.process else None

    def __exit__(self, *_error):
        self.stop()
        if self.log_path and not os.environ.get("WATTMANDI_KEEP_LOGS"):
            os.unlink(self.log_path)


def run_demo(folder, trades, postgres=False, timeout=600):
    """A demo run that trades, and leaves its messages in `folder`. Gives exit code, output and log."""
    schemas = Schemas(postgres)
    command = [binary(), "demo", "--free-ports", "--until-trades", str(trades), "--pace-ms", "50", "--export", folder]
    with schemas:
        done = subprocess.run(command + schemas.arguments(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


class Client:
    """One person at the client API of a platform."""

    def __init__(self, base_url, handle):
        self.base_url = base_url
        self.token = "demo-token-of-%s" % handle
        self.meter = "TEST_METER_%s" % handle.upper()

    def ask(self, method, path, body=None, wait=None, headers=None):
        sent = {"Authorization": "Bearer %s" % self.token}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if wait:
            sent["Prefer"] = "wait=%d" % wait
        sent.update(headers or {})
        return beckn.send(method, self.base_url + path, json.dumps(body).encode() if body is not None else b"", sent)

    def get(self, path):
        answer = self.ask("GET", path)
        if answer.status != 200:
            raise RuntimeError("GET %s: %d %s" % (path, answer.status, answer.body[:300]))
        return answer.json

    def market_now(self):
        text = self.get("/seller/profile")["platform"]["market_time"]
        return parse_time(text)

    def list_offer(self, slots, name="A roof"):
        """`slots`: start, kWh, INR, as texts. Gives the id once the catalog has accepted the offer."""
        body = {"meter_id": self.meter, "name": name, "slots": [
            {"start": start, "quantity_kwh": quantity, "price_inr": price} for start, quantity, price in slots]}
        answer = self.ask("POST", "/seller/offers", body)
        if answer.status != 201:
            raise RuntimeError("the offer is not taken: %d %s" % (answer.status, answer.body[:300]))
        offer_id = answer.json["id"]
        from check import until
        until(lambda: self.get("/seller/offers/%s" % offer_id)["publication"]["state"] == "accepted", "publication")
        return offer_id

    def stock(self, offer_id):
        """Published, reserved and sold by the start of each slot, as texts."""
        return {slot["start"]: (slot["published_kwh"], slot["reserved_kwh"], slot["sold_kwh"])
                for slot in self.get("/seller/offers/%s" % offer_id)["slots"]}

    def transaction(self, transaction_id, side=None):
        return self.get("/api/transactions/%s%s" % (transaction_id, "?side=%s" % side if side else ""))

    def order(self, transaction_id):
        """The seller's side of a transaction; none when there is none yet."""
        answer = self.ask("GET", "/api/transactions/%s?side=seller" % transaction_id)
        return answer.json if answer.status == 200 else None


def parse_time(text):
    """RFC 3339 with or without fractions, of any length."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if not match:
        raise ValueError("not RFC 3339: %r" % text)
    zone = "+00:00" if match.group(3) == "Z" else match.group(3)
    at = datetime.datetime.fromisoformat(match.group(1) + zone)
    return at + datetime.timedelta(seconds=float(match.group(2) or 0))


def slot_after(now, hours):
    """The hour of India that begins `hours` full hours after the hour in which `now` lies."""
    return now.astimezone(IST).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=hours)


def utc(instant):
    return instant.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
