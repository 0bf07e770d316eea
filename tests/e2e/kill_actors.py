"""Every actor is killed in turn while the node is under load: no wrong and no late reply anywhere;
only quality and stated refusals change. Prints how long each took to serve again."""
import statistics
import time

from harness import SLOW, Load, Node, main, until

SYMBOLS = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"]
LATE_S = 8.0  # asks end after 2 s; the rest is for a machine that does other things too


def wrong_in(path, body):
    """What is wrong with a good reply; None for nothing."""
    if body["meta"]["quality"] not in ("live", "stale", "degraded", "fallback"):
        return "quality"
    symbol = next((one for one in SYMBOLS if one in path), None)
    data = body["data"]
    if "/ticker/" in path:
        if not data["instrument"].startswith(symbol):
            return "another instrument"
        if float(data["bid"]) >= float(data["ask"]):
            return "crossed"
    elif "/orderbook/" in path:
        bids, asks = data["bids"], data["asks"]
        if not bids or not asks or float(bids[0][0]) >= float(asks[0][0]):
            return "empty or crossed book"
    elif "/historical/" in path:
        opened = [bar["ts_open"] for bar in data]
        if opened != sorted(set(opened)):
            return "bars out of order or doubled"
    elif "/regime/" in path and not data["instrument"].startswith(symbol):
        return "another instrument's regime"
    return None


def workers(node):
    """Paths of all supervised workers, the deepest first."""
    found = []

    def walk(child):
        if child["kind"] == "worker":
            found.append(child["path"])
        for inner in child["children"]:
            walk(inner)
    for child in node.call("/health/tree")[1]["children"]:
        walk(child)
    return found


def serving_again(node, path, epoch):
    status, body = node.call(f"/inspect/actor?path={path}")
    return status == 200 and body["data"]["actor"]["epoch"] > epoch and body["data"]["actor"]["state"] == "RUNNING"


def service_of(path):
    """Which service a path of the API is answered by."""
    return "regime" if path.startswith("/regime/") else "market_data"


class Death:
    """One kill of one actor: how long until it served again, and who felt it."""

    def __init__(self, victim, took_s, refusals):
        self.victim, self.took_s = victim, took_s
        self.own = sum(service_of(path) == self.service() for path, _ in refusals)
        self.blast_radius = len({service_of(path) for path, _ in refusals} - {self.service()})

    def service(self):
        return self.victim.split("/")[0]


def kill(node, victim, loads):
    before = node.get(f"/inspect/actor?path={victim}")["data"]["actor"]["epoch"]
    refused = [len(load.refusals) for load in loads]
    started = time.monotonic()
    status, body = node.call(f"/inspect/kill?path={victim}", method="POST", body=b"", token=True)
    assert status == 200, (victim, status, body)
    until(f"{victim} again", lambda: serving_again(node, victim, before), 20, every_s=0.002)
    took_s = time.monotonic() - started
    until("everything answers", lambda: all(node.get(path) for path in PATHS), 30)
    return Death(victim, took_s, [one for load, n in zip(loads, refused) for one in load.refusals[n:]])


PATHS = [f"/data/ticker/{s}" for s in SYMBOLS] + [f"/data/orderbook/{s}?depth=5" for s in SYMBOLS] \
    + [f"/data/historical/{s}?interval=1s&limit=20" for s in SYMBOLS] \
    + [f"/regime/current/{s}?interval=1s" for s in SYMBOLS]


def drill(rounds):
    """Kills every worker of a node `rounds` times under load: (deaths, loads)."""
    node = Node("all-in-one.json")
    for path in PATHS:
        until(path, lambda: node.get(path), 150)
    loads = [Load(node, PATHS[i::2] + PATHS[1 - i::2], wrong_in) for i in range(2)]
    for load in loads:
        load.start()
    victims = workers(node)
    assert len(victims) > 20, victims
    deaths = []
    for _ in range(rounds):
        for victim in victims:
            death = kill(node, victim, loads)
            if death.blast_radius:  # a busy machine may refuse by itself: only what happens twice is felt
                time.sleep(4 * SLOW)
                death = kill(node, victim, loads)
            deaths.append(death)
            # the supervisors' restart intensity is per period: a drill stays below it
            time.sleep(0.35 * SLOW)
        time.sleep(10 * SLOW if rounds > 1 else 0)
    for load in loads:
        load.finish()
    return deaths, loads


def each_actor_dies_once_under_load():
    deaths, loads = drill(1)
    print(f"     {'restart ms':>10}  {'refused':>7}  {'blast radius':>12}  actor")
    for death in sorted(deaths, key=lambda one: -one.took_s):
        print(f"     {death.took_s * 1000:10.1f}  {death.own:7d}  {death.blast_radius:12d}  {death.victim}")
    times = sorted(death.took_s for death in deaths)
    print(f"     {len(times)} actors killed: restart p50 {statistics.median(times) * 1000:.1f} ms, "
          f"p99 {times[int(len(times) * 0.99) - 1] * 1000:.1f} ms; "
          f"{sum(load.replies for load in loads)} replies, {sum(len(load.refusals) for load in loads)} refused, "
          f"slowest {max(load.slowest_s for load in loads) * 1000:.0f} ms")
    wrong = [one for load in loads for one in load.wrong]
    assert not wrong, wrong[:3]
    felt = [(death.victim, death.blast_radius) for death in deaths if death.blast_radius]
    assert not felt, felt
    late = max(load.slowest_s for load in loads)
    assert late < LATE_S * SLOW, late


if __name__ == "__main__":
    main([each_actor_dies_once_under_load])
