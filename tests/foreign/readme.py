"""Runs the blocks of README.md, section "One trade with curl", in order against a quiet demo on its real ports.

All ```sh blocks run in one shell, so that a later one may use what an earlier one has set. A block that starts the
demo is left out, for it runs already. A ```text, ```json or ```console block after an ```sh block is the output to be
expected: each of its lines must occur, in order; `…` and `...` stand for anything.
"""

import os
import re
import subprocess
import sys

import beckn
from check import Tally
from demo import ROOT, Demo

SECTION = "One trade with curl"
EXPECTED = ("text", "json", "console", "output")
STARTS_DEMO = re.compile(r"^\s*(\S*wattmandi\s+demo|cargo\s+run\b.*\bdemo|make\s+demo)", re.M)
MARK = "@@block %d@@"


def section(text, title=SECTION):
    """The lines under a heading, up to the next one of the same or a higher level; none when there is none."""
    found, level, fenced = None, 0, False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        match = None if fenced else re.match(r"(#+)\s+(.*?)\s*#*$", line)
        if match and found is None and match.group(2).strip().lower() == title.lower():
            found, level = [], len(match.group(1))
        elif match and found is not None and len(match.group(1)) <= level:
            break
        elif found is not None:
            found.append(line)
    return None if found is None else "\n".join(found)


def blocks(text):
    """Pairs of script and expected output; the latter is none where nothing is said."""
    fences = re.findall(r"^```([a-z]*)[^\n]*\n(.*?)^```\s*$", text, re.M | re.S)
    found = []
    for language, content in fences:
        if language in ("sh", "bash", "shell"):
            found.append([content, None])
        elif language in EXPECTED and found and found[-1][1] is None:
            found[-1][1] = content
    return [pair for pair in found if not STARTS_DEMO.search(pair[0])]


def pattern(line):
    parts = re.split(r"…|\.\.\.", line.strip())
    return re.compile(".*".join(re.escape(part.strip()) for part in parts))


def missing(expected, output):
    """The first expected line that does not follow; none when all do."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        if not line.strip(" …."):
            continue
        wanted = pattern(line)
        if not any(wanted.search(each) for each in lines):
            return line.strip()
    return None


def script(pairs):
    """All blocks as one script, with a mark before each on standard output."""
    parts = []
    for index, (content, _) in enumerate(pairs):
        parts.append("echo; echo '%s'" % (MARK % index))
        parts.append(content)
    return "\n".join(parts) + "\necho; echo '%s'\n" % (MARK % len(pairs))


def run_blocks(tally, pairs):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script(pairs)], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=300, check=False)
    text = done.stdout.decode("utf-8", "replace")
    parts = re.split(r"^@@block \d+@@$", text, flags=re.M)[1:]
    ran = len(parts) - 1
    tally.check(done.returncode == 0, "all %d blocks end well (it stopped in block %d)" % (len(pairs), ran + 1),
                found="exit code %d, %s" % (done.returncode, done.stderr.decode("utf-8", "replace")[-600:]))
    for index, (_, expected) in enumerate(pairs):
        if index >= ran and done.returncode != 0:
            break
        lost = missing(expected, parts[index]) if expected else None
        tally.check(lost is None, "block %d gives what is said of it" % (index + 1),
                    found="no line like %r in %s" % (lost, parts[index][-600:]))


def self_test(tally):
    """The reader of the section, against a small text of its own."""
    text = ("# A\n## One trade with curl\n\n```sh\nX=1\n```\n```sh\n# not a heading\necho $X two\n```\n```json\n{…}\n"
            "1 …\n```\n### More\n```sh\nwattmandi demo --quiet\n```\n## B\n```sh\nfalse\n```\n")
    pairs = blocks(section(text))
    expected = [["X=1\n", None], ["# not a heading\necho $X two\n", "{…}\n1 …\n"]]
    tally.equal(pairs, expected, "the blocks of the example")
    tally.equal(missing("1 …\n", "0\n1 two\n"), None, "the missing line")
    tally.equal(missing("3 …\n", "0\n1 two\n"), "3 …", "the missing line")
    tally.equal(section("# A\n"), None, "a section that is not there")


def run(tally, postgres=False):
    tally.section("readme: its reader", self_test, tally)
    tally.section("readme: %s" % SECTION, _run, tally, postgres)


def _run(tally, postgres):
    path = os.path.join(ROOT, "README.md")
    text = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = section(file.read())
    if not tally.check(text is not None, 'README.md has a section "%s"' % SECTION):
        return
    pairs = blocks(text)
    if not tally.check(pairs, "the section has ```sh blocks"):
        return
    with Demo("--quiet", postgres=postgres) as demo:
        tally.equal(beckn.send("GET", demo.alpha + "/health").status, 200, "health of the demo")
        run_blocks(tally, pairs)


if __name__ == "__main__":
    tally = Tally(verbose=True)
    run(tally)
    sys.exit(0 if tally.ok else 1)
