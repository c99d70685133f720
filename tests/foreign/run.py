"""Everything that a foreign implementation has to say of the server.

python3 run.py [PART …]      all by default; parts: vectors catalog plan verify buyer seller stranger meddler gate
                             readme postgres

Needs the binary (target/debug/wattmandi, or WATTMANDI_BIN) and the package `cryptography`, which is put into a
temporary environment when it is missing. With WATTMANDI_TEST_POSTGRES set, verify and the peers run on PostgreSQL,
too. Prints `N passed, N failed`.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
TRADES = 20
PEERS = ("buyer", "seller", "stranger", "meddler")
PARTS = ("vectors", "catalog", "plan", "verify") + PEERS + ("gate", "readme", "postgres")


def in_environment():
    """Runs this script again where `cryptography` is, and gives its exit code."""
    folder = tempfile.mkdtemp(prefix="wattmandi-foreign-env-")
    try:
        venv.create(folder, with_pip=True)
        python = os.path.join(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "cryptography"],
                       check=True)
        environment = dict(os.environ, WATTMANDI_FOREIGN_ENV="1")
        return subprocess.run([python, os.path.abspath(__file__)] + sys.argv[1:], env=environment,
                              check=False).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verified_run(tally, postgres):
    """A demo run that trades; its messages are verified, and the verifier itself."""
    import demo
    import spoil
    import verify
    folder = tempfile.mkdtemp(prefix="wattmandi-foreign-export-")
    try:
        code, output, log = demo.run_demo(folder, TRADES, postgres)
        print("  " + (output.strip().splitlines() or ["nothing was printed"])[-1])
        tally.check(code == 0, "the demo run ends well", found=output[-500:] + log[-1500:])
        tally.check("panick" not in log, "nothing panicked", found=log[-1500:])
        judge = verify.verify(folder)
        print("  " + verify.extent(judge))
        print("  " + verify.summary(judge))
        for fault in judge.faults[:20]:
            print("  fault: %s" % fault)
        tally.equal(len(judge.faults), 0, "the number of faults")
        tally.equal(judge.contracts, TRADES, "the number of contracts in the evidence")
        tally.check(judge.at_the_edge < 10, "the evidence is whole, but for its very end", found=judge.at_the_edge)
        tally.check(judge.signatures > 10 * TRADES and judge.chains > 5 * TRADES, "there was something to verify")
        tally.check(spoil.self_test(folder), "the verifier sees every way to spoil the evidence")
    finally:
        if tally.ok or not os.environ.get("WATTMANDI_KEEP_LOGS"):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print("  the export is kept at %s" % folder)


def peers(tally, parts, postgres):
    """Trades of Python peers against one quiet network."""
    import demo
    works = [importlib.import_module(name) for name in PEERS if name in parts]
    with demo.Demo("--quiet", "--free-ports", postgres=postgres) as network:
        for work in works:
            work.run(tally, network)
        tally.equal(network.panics(), [], "the panics in the log")
        tally.equal(network.stop(), 0, "the exit code of the demo")


def on_one_database(tally, parts, postgres):
    name = "PostgreSQL" if postgres else "SQLite"
    if "verify" in parts:
        tally.section("verify: %d trades on %s" % (TRADES, name), verified_run, tally, postgres)
    if set(PEERS) & set(parts):
        tally.section("peers on %s" % name, peers, tally, parts, postgres)


def after_the_gate(tally):
    import buyer
    import demo
    import stranger
    with demo.Demo("--quiet", "--free-ports", "--clock-rate", "600") as network:
        buyer.run_fast(tally, network)
        stranger.run_slow(tally, network)


def main(parts):
    import demo
    import readme
    import test_beckn
    from check import Tally
    tally = Tally()
    if "vectors" in parts:
        tally.section("signature vectors", test_beckn.run, tally)
    if "catalog" in parts:
        import catalog_oracle
        tally.section("catalog service", catalog_oracle.run, tally)
    if "plan" in parts:
        import plan_oracle
        tally.section("plans", plan_oracle.run, tally)
    if not os.path.exists(demo.binary()):
        tally.check(False, "the binary is at %s (cargo build --bin wattmandi)" % demo.binary())
    else:
        both = [part for part in parts if part != "postgres"] or ["verify", *PEERS]
        if parts != ["postgres"]:
            on_one_database(tally, both, False)
        if "gate" in parts:
            tally.section("peers on a fast clock", after_the_gate, tally)
        if "readme" in parts:
            readme.run(tally)
        if "postgres" in parts:
            if os.environ.get(demo.POSTGRES):
                on_one_database(tally, both, True)
            else:
                tally.check(not os.environ.get("CI"), "%s is set" % demo.POSTGRES)
                print("skipped: PostgreSQL, for %s is not set" % demo.POSTGRES)
    for failure in tally.failures:
        print("failed: %s" % failure)
    print("%d passed, %d failed" % (tally.passed, len(tally.failures)))
    return 0 if tally.ok else 1


if __name__ == "__main__":
    wrong = [part for part in sys.argv[1:] if part not in PARTS]
    if wrong:
        sys.exit("unknown part %s\n\n%s" % (", ".join(wrong), __doc__))
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError:
        if os.environ.get("WATTMANDI_FOREIGN_ENV"):
            raise
        sys.exit(in_environment())
    sys.path.insert(0, HERE)
    sys.exit(main(sys.argv[1:] or list(PARTS)))
