"""schemathesis against a demo that trades: no 5xx, and no answer that the OpenAPI document does not describe.

fuzz.py [REQUESTS [SEED]]      10,000 requests by default; the binary is target/debug/wattmandi, or WATTMANDI_BIN

It is installed from tests/foreign/fuzz.txt into target/fuzz, once. The seed of each round is printed; the same seed
makes the same requests, as far as the ids of the run go. The demo trades meanwhile, with limits that let everything
through; who signs in, and out, are accounts that are made for the run. At the end each operation stands with how it
was answered: one that never was, for nobody got in, or for there were too many requests, is a failure.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import beckn
import demo
from demo import ROOT

FOLDER = os.path.join(ROOT, "target", "fuzz")
WANTED = os.path.join(ROOT, "tests", "foreign", "fuzz.txt")
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance")
PEOPLE = ("asha", "bilal", "chitra")
# Of the accounts that sign in; each may do it five times a minute.
ROLES = ("prosumer",) * 8 + ("utility", "admin")
# Streams have no end; that they are documented is tested elsewhere.
ENDLESS = ("/api/events", "/api/transactions/{id}/events")
# About so many requests of an operation are the same in each round (schemathesis' "coverage" phase).
SAME = 29
# Most that one round generates for each operation beside them.
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


def account(folder, email, role):
    """A new account of alpha, made at the operator's machine: address, password, role."""
    command = [demo.binary(), "users", "--database-url", "sqlite:%s" % os.path.join(folder, "alpha.db"), "add",
               "--email", email, "--name", "Fuzz", "--role", role]
    if role == "utility":
        command += ["--discom", demo.NORTH]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    return email, re.search(r"^password\s+(\S+)$", output, re.M).group(1), role


def one_round(command, network, accounts, seed, examples):
    """Runs schemathesis once: exit code, its output, the number of answers by operation and status."""
    report = os.path.join(FOLDER, "seen.json")
    if os.path.exists(report):
        os.unlink(report)
    now = demo.Client(network.alpha, "asha").market_now()
    slots = [demo.utc(demo.slot_after(now, hours)) for hours in (2, 6, 7, 8, 30)]
    environment = dict(
        os.environ, SCHEMATHESIS_HOOKS="fuzz_hooks", PYTHONPATH=os.path.dirname(os.path.abspath(__file__)),
        FUZZ_BASE=network.alpha, FUZZ_DESK=network.operator, FUZZ_ACCOUNTS=json.dumps(accounts),
        FUZZ_TOKENS=",".join("demo-token-of-%s" % name for name in PEOPLE), FUZZ_SPARES=json.dumps(network.spares()),
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


def sums(seen):
    """Answers by status, of all operations."""
    total = {}
    for answers in seen.values():
        for status, count in answers.items():
            total[status] = total.get(status, 0) + count
    return total


def documented(network):
    """The operations that are asked, and whether somebody signs in for each."""
    paths = beckn.send("GET", network.alpha + "/openapi.json", b"", {}).json["paths"]
    return {"%s %s" % (method.upper(), path): bool(operation.get("x-access", {}).get("roles"))
            for path, item in paths.items() if path not in ENDLESS for method, operation in item.items()}


def table(tally, seen, operations):
    """One line for each operation, and a failure for each that was never really asked."""
    print("  %-48s %6s %6s %6s" % ("", "2xx", "4xx", "429"))
    for operation in sorted(operations):
        answers = seen.get(operation, {})
        count = lambda wanted: sum(n for status, n in answers.items() if wanted(status))  # noqa: E731 - of this line
        print("  %-48s %6d %6d %6d" % (operation, count(lambda status: status[0] in "123"), count(
            lambda status: status[0] == "4" and status != "429"), answers.get("429", 0)))
        shut = {"429", "401"} if operations[operation] else {"429"}
        tally.check(set(answers) - shut, "%s was let in" % operation, found=answers)


def run(tally, requests=2000, seed=1, seconds=None):
    """Rounds in a folder of their own, that is gone at the end."""
    folder = tempfile.mkdtemp(prefix="wattmandi-fuzz-")
    try:
        rounds(tally, folder, requests, seed, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rounds(tally, folder, requests, seed, seconds):
    """Rounds, each with a seed of its own, until so many requests were answered, or so many seconds are over."""
    command = installed()
    seen, begun = {}, time.monotonic()
    with demo.Demo("--free-ports", "--pace-ms", "1000", "--data", folder, environment=LIMITS) as network:
        operations = documented(network)
        while sum(sums(seen).values()) < requests:
            accounts = [account(folder, "own%d-%d@fuzz.example" % (seed, number), role)
                        for number, role in enumerate(ROLES)]
            missing = requests - sum(sums(seen).values())
            examples = max(5, min(EXAMPLES, missing // len(operations) - SAME))
            code, output, found = one_round(command, network, accounts, seed, examples)
            for operation, answers in found.items():
                for status, count in answers.items():
                    place = seen.setdefault(operation, {})
                    place[status] = place.get(status, 0) + count
            print("  seed %d: %d requests, %s" % (seed, sum(sums(found).values()), ", ".join(
                "%s: %d" % pair for pair in sorted(sums(found).items()))))
            failures = re.sub(r"\n\s*\n", "\n", output.split("= FAILURES =", 1)[-1].split("= WARNINGS =", 1)[0])
            if not tally.check(code == 0, "schemathesis (seed %d) finds nothing" % seed, found=failures[:600]):
                print("\n".join(line[:300] for line in failures.splitlines()[:300]))
                break
            seed += 1
            if seconds and time.monotonic() - begun > seconds:
                break
        total = sums(seen)
        table(tally, seen, operations)
        tally.equal([status for status in total if status.startswith("5")], [], "the list of 5xx")
        fine = sum(count for status, count in total.items() if status.startswith("2"))
        # A short round is mostly made of what must be refused.
        tally.check(fine * 20 > sum(total.values()), "a twentieth of the requests were carried out", found=total)
        tally.check(total.get("429", 0) * 10 < sum(total.values()), "few requests were refused by their number",
                    found=total)
        tally.equal(network.panics(), [], "the panics in the log")
        tally.equal(network.stop(), 0, "the exit code of the demo")
    print("  %d requests in %.0f s" % (sum(total.values()), time.monotonic() - begun))


if __name__ == "__main__":
    from check import Tally
    given = [int(argument) for argument in sys.argv[1:3]]
    result = Tally()
    result.section("schemathesis", run, result, *(given or [10_000]))
    sys.exit(0 if result.ok else 1)
