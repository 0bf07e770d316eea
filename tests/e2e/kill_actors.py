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


def each_actor_dies_once_under_load():
    node = Node("all-in-one.json")
    paths = [f"/data/ticker/{s}" for s in SYMBOLS] + [f"/data/orderbook/{s}?depth=5" for s in SYMBOLS] \
        + [f"/data/historical/{s}?interval=1s&limit=20" for s in SYMBOLS] \
        + [f"/regime/current/{s}?interval=1s" for s in SYMBOLS]
    for path in paths:
        until(path, lambda: node.get(path), 60)
    loads = [Load(node, paths[i::2] + paths[1 - i::2], wrong_in) for i in range(2)]
    for load in loads:
        load.start()
    victims = workers(node)
    assert len(victims) > 20, victims
    table = []
    for victim in victims:
        before = node.get(f"/inspect/actor?path={victim}")["data"]["actor"]["epoch"]
        refused = sum(len(load.refusals) for load in loads)
        started = time.monotonic()
        status, body = node.call(f"/inspect/kill?path={victim}", method="POST", body=b"", token=True)
        assert status == 200, (victim, status, body)
        until(f"{victim} again", lambda: serving_again(node, victim, before), 20)
        took = time.monotonic() - started
        until("everything answers", lambda: all(node.get(path) for path in paths), 30)
        table.append((took, victim, sum(len(load.refusals) for load in loads) - refused))
        # the supervisors' restart intensity is per period: a drill stays below it
        time.sleep(0.35 * SLOW)
    for load in loads:
        load.finish()
    print(f"     {'restart ms':>10}  {'refused':>7}  actor")
    for took, victim, refused in sorted(table, reverse=True)[:12]:
        print(f"     {took * 1000:10.1f}  {refused:7d}  {victim}")
    times = sorted(took for took, _, _ in table)
    print(f"     {len(table)} actors killed: restart p50 {statistics.median(times) * 1000:.1f} ms, "
          f"p99 {times[int(len(times) * 0.99) - 1] * 1000:.1f} ms; "
          f"{sum(load.replies for load in loads)} replies, {sum(len(load.refusals) for load in loads)} refused, "
          f"slowest {max(load.slowest_s for load in loads) * 1000:.0f} ms")
    wrong = [one for load in loads for one in load.wrong]
    assert not wrong, wrong[:3]
    late = max(load.slowest_s for load in loads)
    assert late < LATE_S * SLOW, late


if __name__ == "__main__":
    main([each_actor_dies_once_under_load])
