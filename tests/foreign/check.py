"""Counts what held and what did not, one line each."""

import sys
import time
import traceback


class Tally:
    """`check` notes one fact; `section` runs a group of them and turns what it raises into a failure."""

    def __init__(self, verbose=False):
        self.passed = 0
        self.failures = []
        self.verbose = verbose
        self._name = ""

    def check(self, held, what, found=None):
        if held:
            self.passed += 1
            if self.verbose:
                print("  ok   %s" % what)
        else:
            line = "%s: %s" % (self._name, what) if self._name else what
            if found is not None:
                line += "\n         found: %s" % (str(found)[:600],)
            self.failures.append(line)
            print("  FAIL %s" % line)
        sys.stdout.flush()
        return bool(held)

    def equal(self, found, expected, what):
        return self.check(found == expected, "%s is %r" % (what, expected), found=repr(found))

    def section(self, name, work, *arguments):
        outer, self._name = self._name, name
        before = (self.passed, len(self.failures))
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - every surprise is a failure of this section, and of no other
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.check(False, "stopped by %s: %s (%s:%d)" % (
                type(error).__name__, error, place.filename.rsplit("/", 1)[-1], place.lineno))
        failed = len(self.failures) - before[1]
        print("%-6s %s: %d passed, %d failed" % (
            "ok" if not failed else "FAILED", name, self.passed - before[0], failed))
        sys.stdout.flush()
        self._name = outer

    @property
    def ok(self):
        return not self.failures


def until(look, what, seconds=20.0, pause=0.05):
    """Asks until the answer is true, and gives it."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError("%s did not come about in %g s" % (what, seconds))
        time.sleep(pause)
