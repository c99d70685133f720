"""The planner against an exact solution of another make: a thousand random cases, and the least cost compared.

Nothing of the planner is used here but its answer. Every set of sellers that the limit allows is tried; for each one a
table says what each quantity of an hour costs at least, then what each quantity of all hours does. The planner's parts
are added up by hand, and the cover that takes the cheapest first may never be better.
"""

import itertools
import json
import os
import random
import subprocess
import time

SEED, CASES = 20261121, 1000
MINIMUM, STEP = 1000, 250
NEVER = float("inf")


def case(draw):
    """A market of a few sellers and hours. Prices repeat, so that there are ties; some rows are below the minimum."""
    hours, sellers = draw.randint(1, 4), draw.randint(1, 6)
    prices = [draw.randrange(30_000, 90_000, draw.choice((100, 10_000))) for _ in range(draw.randint(1, 8))]
    rows = [[draw.randint(1, sellers), draw.randint(0, hours), draw.choice(prices),
             draw.randint(2, 22) * STEP + draw.choice((0, 0, 7))] for _ in range(draw.randint(0, 14))]
    caps = [draw.randint(0, 24) * STEP for _ in range(hours)]
    found = {"rows": rows, "caps": caps, "total": None, "minimum": MINIMUM, "step": STEP, "price": None, "cost": None,
             "sellers": None}
    if draw.random() < 0.4:
        found["total"] = draw.randint(0, 40) * STEP
    if draw.random() < 0.3:
        found["price"] = draw.choice(prices)
    if draw.random() < 0.4:
        found["cost"] = draw.randint(0, 12_000) * 60_000 // draw.choice((1, 10)) + draw.randint(0, 3)
    if draw.random() < 0.5:
        found["sellers"] = draw.randint(1, 3)
    return found


def joined(one, other, most):
    """What each sum of two quantities costs at least."""
    result = [NEVER] * (min(most, len(one) + len(other) - 2) + 1)
    for a, first in enumerate(one):
        if first < NEVER:
            for b in range(min(len(other), len(result) - a)):
                if first + other[b] < result[a + b]:
                    result[a + b] = first + other[b]
    return result


def best_of(found, sellers):
    """The most cover with these sellers, in steps, and its least cost."""
    total = found["total"]
    most = sum(found["caps"]) // STEP if total is None else total // STEP
    whole = [0]
    for hour, cap in enumerate(found["caps"]):
        table = [0]
        for seller, slot, price, available in found["rows"]:
            if seller in sellers and slot == hour and (found["price"] is None or price <= found["price"]):
                row = [0 if n == 0 else price * n * STEP if n * STEP >= MINIMUM else NEVER
                       for n in range(available // STEP + 1)]
                table = joined(table, row, cap // STEP)
        whole = joined(whole, table, most)
    limit = NEVER if found["cost"] is None else found["cost"]
    covered = max(n for n, cost in enumerate(whole) if cost < NEVER and cost <= limit)
    return covered * STEP, whole[covered]


def exact(found):
    sellers = sorted({row[0] for row in found["rows"]})
    many = len(sellers) if found["sellers"] is None else min(found["sellers"], len(sellers))
    answers = [best_of(found, set(chosen)) for chosen in itertools.combinations(sellers, many)]
    return max(answers, key=lambda answer: (answer[0], -answer[1]))


def broken(found, answer):
    """The first rule that the parts break; none when they keep all and come to what is said."""
    of_hour, sellers, covered, cost, rows = {}, set(), 0, 0, set()
    for row, energy in answer["parts"]:
        seller, hour, price, available = found["rows"][row]
        if row in rows or energy < MINIMUM or energy > available or energy % STEP:
            return "the quantity of a row"
        if found["price"] is not None and price > found["price"]:
            return "the price of a row"
        rows.add(row)
        sellers.add(seller)
        of_hour[hour] = of_hour.get(hour, 0) + energy
        covered, cost = covered + energy, cost + price * energy
    if any(hour >= len(found["caps"]) or energy > found["caps"][hour] for hour, energy in of_hour.items()):
        return "the quantity of an hour"
    if found["total"] is not None and covered > found["total"]:
        return "the total"
    if found["cost"] is not None and cost > found["cost"]:
        return "the cost"
    if found["sellers"] is not None and len(sellers) > found["sellers"]:
        return "the number of sellers"
    if (covered, cost) != (answer["covered"], answer["cost"]):
        return "the sum"
    return None


def program():
    """The example of the planner's crate, built when nobody names it."""
    if os.environ.get("PLAN_SOLVE_BIN"):
        return [os.environ["PLAN_SOLVE_BIN"]]
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return ["cargo", "run", "--quiet", "--locked", "--manifest-path", os.path.join(root, "Cargo.toml"), "-p", "plan",
            "--example", "solve"]


def run(tally):
    draw = random.Random(SEED)
    cases = [case(draw) for _ in range(CASES)]
    lines = "".join(json.dumps(found) + "\n" for found in cases)
    done = subprocess.run(program(), input=lines, capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if not tally.equal(len(answers), CASES, "the number of answers"):
        print(done.stderr[-2000:])
        return
    started, beaten, faults, lost = time.monotonic(), 0, [], []
    for found, answer in zip(cases, answers):
        expected, greedy = exact(found), answer["greedy"]
        rule = broken(found, answer)
        if rule or not answer["optimal"] or (answer["covered"], answer["cost"]) != expected:
            faults.append((rule, found, answer, expected))
        if (greedy[0], -greedy[1]) > (answer["covered"], -answer["cost"]):
            lost.append((found, answer))
        beaten += (answer["covered"], -answer["cost"]) > (greedy[0], -greedy[1])
    tally.check(not faults, "the plan is the exact solution in %d cases" % CASES, found=faults[:1])
    tally.check(not lost, "the cheapest first is never better", found=lost[:1])
    tally.check(beaten > CASES // 20, "the cheapest first is often worse", found=beaten)
    print("  %d cases solved again in %.1f s; the cheapest first is worse in %d" %
          (CASES, time.monotonic() - started, beaten))
