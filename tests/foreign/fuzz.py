"""schemathesis against a demo that trades: no 5xx, and no answer that the OpenAPI document does not describe.

fuzz.py [REQUESTS [SEED]]      10,000 requests by default

It is installed from tests/foreign/fuzz.txt into target/fuzz, once. The seed of each round is printed; the same seed
makes the same requests, as far as the ids of the run go.
"""

import json
import os
import re
import subprocess
import sys
import time

import demo
from demo import ROOT

FOLDER = os.path.join(ROOT, "target", "fuzz")
WANTED = os.path.join(ROOT, "tests", "foreign", "fuzz.txt")
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance")
PEOPLE = ("asha", "bilal", "chitra")
# Streams have no end; that they are documented is tested elsewhere.
ENDLESS = ("/api/events", "/api/transactions/{id}/events")
# What one round of each operation makes beside its generated requests (schemathesis' "coverage" phase).
EXAMPLES = 60
LIMITS = {"WATTMANDI_LIMIT_TRADE": "1000000", "WATTMANDI_LIMIT_READ": "1000000",
          "WATTMANDI_LIMIT_ANONYMOUS": "1000000", "WATTMANDI_LIMIT_SIGN_IN": "1000000"}


def installed():
    """The command, in an environment of its own."""
    command = os.path.join(FOLDER, "env", "bin", "schemathesis")
    stamp = os.path.join(FOLDER, "installed.txt")
    with open(WANTED, encoding="utf-8") as file:
        wanted = file.read()
    try:
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted and os.path.exists(command):
                return command
    except FileNotFoundError:
        pass
    os.makedirs(FOLDER, exist_ok=True)
    print("  installing schemathesis into target/fuzz, once")
    environment = os.path.join(FOLDER, "env")
    subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
    subprocess.run([os.path.join(environment, "bin", "python"), "-m", "pip", "install", "--quiet",
                    "--disable-pip-version-check", "-r", WANTED], check=True)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    return command


def one_round(command, network, seed, examples):
    """Runs schemathesis once: exit code, its output, the number of answers by status."""
    report = os.path.join(FOLDER, "seen.json")
    if os.path.exists(report):
        os.unlink(report)
    now = demo.Client(network.alpha, "asha").market_now()
    slots = [demo.utc(demo.slot_after(now, hours)) for hours in (2, 6, 7, 8, 30)]
    environment = dict(
        os.environ, SCHEMATHESIS_HOOKS="fuzz_hooks", PYTHONPATH=os.path.dirname(os.path.abspath(__file__)),
        FUZZ_TOKENS=",".join("demo-token-of-%s" % name for name in PEOPLE),
        FUZZ_METERS=",".join("TEST_METER_%s" % name.upper() for name in PEOPLE),
        FUZZ_SLOTS=",".join(slots), FUZZ_REPORT=report, FUZZ_SEED=str(seed))
    arguments = [command, "run", network.alpha + "/openapi.json", "--seed", str(seed), "--max-examples", str(examples),
                 "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
                 "--request-timeout", "30", "--no-color", "--workers", "1"]
    for path in ENDLESS:
        arguments += ["--exclude-path", path]
    done = subprocess.run(arguments, env=environment, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    with open(report, encoding="utf-8") as file:
        seen = json.load(file)
    return done.returncode, done.stdout.decode("utf-8", "replace"), seen


def run(tally, requests=2000, seed=1, seconds=None):
    """Rounds, each with a seed of its own, until so many requests were answered, or so many seconds are over."""
    command = installed()
    total, begun = {}, time.monotonic()
    with demo.Demo("--free-ports", "--pace-ms", "1000", environment=LIMITS) as network:
        while sum(total.values()) < requests:
            missing = requests - sum(total.values())
            # The first rounds of an operation are the same each time; what is missing is made by the fuzzer.
            code, output, seen = one_round(command, network, seed, max(5, min(EXAMPLES, missing // 40)))
            for status, count in seen.items():
                total[status] = total.get(status, 0) + count
            print("  seed %d: %d requests, %s" % (seed, sum(seen.values()), ", ".join(
                "%s: %d" % pair for pair in sorted(seen.items()))))
            failures = re.sub(r"\n\s*\n", "\n", output.split("= FAILURES =", 1)[-1].split("= WARNINGS =", 1)[0])
            if not tally.check(code == 0, "schemathesis (seed %d) finds nothing" % seed, found=failures[:600]):
                print("\n".join(line[:300] for line in failures.splitlines()[:300]))
                break
            seed += 1
            if seconds and time.monotonic() - begun > seconds:
                break
        tally.equal([status for status in total if status.startswith("5")], [], "the list of 5xx")
        fine = sum(count for status, count in total.items() if status.startswith("2"))
        tally.check(fine * 20 > sum(total.values()), "a twentieth of the requests were carried out", found=total)
        refused = total.get("429", 0)
        tally.check(refused * 2 < sum(total.values()), "most requests were not refused by their number", found=total)
        tally.equal(network.panics(), [], "the panics in the log")
        tally.equal(network.stop(), 0, "the exit code of the demo")
    print("  %d requests in %.0f s" % (sum(total.values()), time.monotonic() - begun))


if __name__ == "__main__":
    from check import Tally
    given = [int(argument) for argument in sys.argv[1:3]]
    result = Tally()
    result.section("schemathesis", run, result, *(given or [10_000]))
    sys.exit(0 if result.ok else 1)
