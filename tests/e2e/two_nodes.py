"""Roles over processes: the same answers everywhere, work moves to new nodes and comes back when they
die, and a killed source is found again."""
import json
import signal
import threading
import time

from harness import SLOW, Node, WebSocket, inspector, main, until

SYMBOLS = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "ADA-USD", "LTC-USD", "LINK-USD", "DOGE-USD"]


def start_pair(**more):
    source = Node("roles/market-data.json", name="md", **more)
    front = Node("roles/regime.json", 'node.roles=["regime","api"]', f'cluster.seeds=["{source.cluster}"]',
                 name="ra")
    until("ticker over nodes", lambda: front.get("/data/ticker/BTC-USD"))
    return source, front


def regimes_live(node):
    return all(node.get(f"/regime/current/{symbol}?interval=1s")["meta"]["quality"] == "live"
               for symbol in SYMBOLS)


def regime_owners(node):
    return owners_of(node, "regime")


def owners_of(node, service):
    """symbol -> names of the nodes that run its actor of the service."""
    tree = json.loads(inspector(node, "tree", service, "--json").stdout)
    owners = {}
    for one in tree["nodes"]:
        def walk(child):
            if child["name"] in SYMBOLS:
                owners.setdefault(child["name"], []).append(one["name"])
            for inner in child.get("children", []):
                walk(inner)
        for child in one["children"]:
            walk(child)
    return owners


def the_same_calls_give_the_same_answers():
    source, front = start_pair()
    api = Node("roles/api.json", f'cluster.seeds=["{source.cluster}"]', name="api")
    until("regimes", lambda: regimes_live(front), 150)
    until("the api node answers", lambda: api.get("/regime/current/BTC-USD?interval=1s"), 40)
    assert api.get("/data/instruments")["data"] == front.get("/data/instruments")["data"]
    end = api.get("/data/historical/ETH-USD?interval=1m&limit=20")["data"][-2]["ts_open"]
    path = f"/data/historical/ETH-USD?interval=1m&end={end}&limit=20"
    assert api.get(path)["data"] == front.get(path)["data"]
    # hours come from history, which the source may still be filling
    until("the hourly regime", lambda: front.get("/regime/current/BTC-USD?interval=1h"), 60)

    def same():  # a bar or a model may come between the two
        one, other = (node.get("/regime/current/BTC-USD?interval=1h")["data"] for node in (api, front))
        return one["regime"] == other["regime"] and one["since"] == other["since"]
    until("the same hourly regime", same)
    names = json.loads(inspector(api, "nodes", "--json").stdout)
    assert sorted(row["name"] for row in names) == ["api", "md", "ra"], names


def a_second_regime_node_takes_work_and_its_death_gives_it_back():
    source, front = start_pair()
    until("regimes", lambda: regimes_live(front), 150)
    second = Node("roles/regime.json", f'cluster.seeds=["{source.cluster}"]', name="rb")
    owners = until("work moves", lambda: moved(front), 30)
    mine = [symbol for symbol, nodes in owners.items() if nodes == ["rb"]]
    assert 0 < len(mine) < len(SYMBOLS), owners
    until("regimes live on two nodes", lambda: regimes_live(front), 150)
    second.kill()
    started, wrong, refused = time.monotonic(), [], 0
    recovered = None
    while time.monotonic() - started < 30:
        for symbol in SYMBOLS:
            status, body = front.call(f"/regime/current/{symbol}?interval=1s")
            if status == 503:
                refused += 1
                if not (body["error"]["retryable"] and body["error"]["message"]):
                    wrong.append(body)
            elif status != 200 or body["data"]["instrument"].split(".")[0] != symbol:
                wrong.append((status, body))
        if regimes_live_or_false(front):
            recovered = time.monotonic() - started
            break
    assert not wrong, wrong[:3]
    assert recovered is not None, "regimes of the dead node did not come back"
    owners = until("the tree shows it", lambda: all(nodes == ["ra"] for nodes in regime_owners(front).values()))
    print(f"     {len(mine)} of {len(SYMBOLS)} moved; after kill -9 all live again in {recovered:.2f} s, "
          f"{refused} clear refusals, 0 wrong answers")


def moved(front):
    owners = regime_owners(front)
    complete = len(owners) == len(SYMBOLS) and all(len(nodes) == 1 for nodes in owners.values())
    return owners if complete and {nodes[0] for nodes in owners.values()} == {"ra", "rb"} else None


def regimes_live_or_false(node):
    try:
        return regimes_live(node)
    except AssertionError:
        return False


def a_new_market_data_node_takes_work_and_no_bar_is_lost_or_doubled():
    first = Node("roles/market-data.json", name="m1")
    api = Node("roles/api.json", f'cluster.seeds=["{first.cluster}"]', name="api")
    for symbol in SYMBOLS:
        until(f"ticker of {symbol}", lambda: api.get(f"/data/ticker/{symbol}"))
    stream = WebSocket(api, "/data/stream")
    stream.send({"op": "subscribe", "channel": "bars", "symbols": SYMBOLS, "interval": "1s"})
    seen, told, ended = {symbol: [] for symbol in SYMBOLS}, [], threading.Event()

    def read():
        while not ended.is_set():
            message = stream.receive()
            if message.get("type") == "gap":
                told.append(message)
            elif message.get("channel") == "bars" and message["type"] == "delta":
                bars = message["data"] if isinstance(message["data"], list) else [message["data"]]
                seen[message["symbol"]] += [bar["ts_open"] for bar in bars if bar["final"]]
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    until("bars of all", lambda: all(len(bars) >= 2 for bars in seen.values()), 30)
    Node("roles/market-data.json", f'cluster.seeds=["{first.cluster}"]', name="m2")
    found = until("work moves", lambda: split(api, ["m1", "m2"]), 40)
    moved_symbols = [symbol for symbol, nodes in found.items() if nodes == ["m2"]]
    counts = {symbol: len(bars) for symbol, bars in seen.items()}
    until("bars go on", lambda: all(len(seen[symbol]) >= counts[symbol] + 4 for symbol in SYMBOLS), 40)
    ended.set()
    reader.join(10 * SLOW)
    for symbol, bars in seen.items():
        assert bars == sorted(set(bars)), (symbol, bars)
        final = [bar["ts_open"] for bar in api.get(f"/data/historical/{symbol}?interval=1s&limit=200")["data"]
                 if bar["final"] and bars[0] <= bar["ts_open"] <= bars[-1]]
        assert bars == final or told, (symbol, sorted(set(final) - set(bars)), told)
    print(f"     {len(moved_symbols)} of {len(SYMBOLS)} moved; {sum(map(len, seen.values()))} bars, none lost or doubled, "
          f"{len(told)} gaps told")


def split(node, names):
    """symbol -> its one owner each, once all of `names` own something."""
    owners = owners_of(node, "market_data")
    complete = len(owners) == len(SYMBOLS) and all(len(nodes) == 1 for nodes in owners.values())
    return owners if complete and {nodes[0] for nodes in owners.values()} == set(names) else None


def a_killed_market_data_node_is_found_again():
    source, front = start_pair()
    until("regimes", lambda: regimes_live(front), 150)
    cluster, data = source.cluster, source.data
    source.kill()
    seen = set()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        for path in ("/data/ticker/BTC-USD", "/regime/current/BTC-USD?interval=1s", "/data/ticker/XRP-USD"):
            status, body = front.call(path)
            assert status in (200, 503), (path, status, body)
            seen.add((path, status, body["meta"]["quality"] if status == 200 else body["error"]["code"]))
    called_live = [one for one in seen if "/ticker/" in one[0] and one[2] == "live"]
    assert not called_live, seen  # the source is dead: whatever is known of it is not live
    until("regimes say stale", lambda: front.get("/regime/current/BTC-USD?interval=1s")["meta"]["quality"] != "live", 20)
    back = Node("roles/market-data.json", name="md", cluster=cluster.split("//")[-1], data_dir=data)
    until("ticker again", lambda: front.get("/data/ticker/BTC-USD")["meta"]["quality"] == "live", 30)
    until("regimes live again", lambda: regimes_live(front), 150)
    assert back.process.poll() is None


def a_frozen_node_is_down_and_comes_back():
    source, front = start_pair()
    until("regimes", lambda: regimes_live(front), 150)
    second = Node("roles/regime.json", f'cluster.seeds=["{source.cluster}"]', name="rb")
    until("work moves", lambda: moved(front), 30)
    second.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    until("declared down", lambda: state_of(front, "rb") == "DOWN", 10)
    print(f"     frozen node DOWN after {time.monotonic() - started:.2f} s")
    until("its work is back", lambda: regimes_live(front), 60)
    second.send_signal(signal.SIGCONT)
    until("up again", lambda: state_of(front, "rb") == "UP", 20)
    until("regimes live", lambda: regimes_live(front), 150)


def state_of(node, name):
    rows = node.get("/inspect/nodes")["data"]
    return next(row["state"] for row in rows if row["name"] == name)


def two_nodes_of_one_name_do_not_both_join():
    source, front = start_pair()
    try:
        Node("roles/regime.json", f'cluster.seeds=["{source.cluster}"]', name="ra", wait=5)
    except AssertionError:
        pass  # refusing to start is as good
    names = [row["name"] for row in front.get("/inspect/nodes")["data"]]
    assert names.count("ra") == 1, names
    assert front.get("/data/ticker/BTC-USD")


if __name__ == "__main__":
    main([the_same_calls_give_the_same_answers, a_second_regime_node_takes_work_and_its_death_gives_it_back,
          a_new_market_data_node_takes_work_and_no_bar_is_lost_or_doubled,
          a_killed_market_data_node_is_found_again, a_frozen_node_is_down_and_comes_back,
          two_nodes_of_one_name_do_not_both_join])
