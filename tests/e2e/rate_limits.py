"""One budget for the whole cluster: two market-data nodes are asked for ten times what the venues allow,
over real sockets. The venue never has to refuse one call, callers are refused with a reason, cancels keep
their room, both nodes get their turn, and the death of the node that keeps the budget changes none of it."""
import collections
import datetime
import http.client
import json
import threading
import time

from exchange import Exchange, binance
from harness import SLOW, Node, main, until

BASES = ["BTC", "ETH", "SOL", "XRP", "ADA", "LTC", "LINK", "DOGE"]
WEIGHT = 100  # in a window, which is shorter than the venue's minute; a fifth of it is kept in reserve
WINDOW_S = 6
PAGE = 4      # what the connector counts for a page of history


def start_exchange():
    return Exchange(f"exchange_sim.limits.binance_weight_per_minute={WEIGHT}",
                    f"exchange_sim.limits.binance_weight_window={WINDOW_S}s")


def venues(exchange):
    return json.dumps([
        {"name": "BINANCE", "kind": "binance", "rest_url": exchange.binance.url,
         "ws_url": exchange.binance.url.replace("http", "ws", 1), "instruments": [f"{base}-USDT" for base in BASES],
         "depth_limit": 20, "reconnect_max": "2s", "limits": {"wait_max": "3s"}},
        {"name": "COINBASE", "kind": "coinbase", "rest_url": exchange.coinbase.url,
         "ws_url": exchange.coinbase.url.replace("http", "ws", 1), "instruments": [f"{base}-USD" for base in BASES],
         "reconnect_max": "2s", "limits": {"wait_max": "3s"}}])


def start_pair(exchange):
    """Two nodes that see each other and know what the venues list."""
    one = Node("roles/market-data.json", 'node.roles=["market-data","api"]', f"venues={venues(exchange)}", name="m1")
    two = Node("roles/market-data.json", 'node.roles=["market-data","api"]', f"venues={venues(exchange)}",
               f'cluster.seeds=["{one.cluster}"]', name="m2")
    until("both see each other", lambda: all(set(owners(node)) == {"m1", "m2"} for node in (one, two)), 60)
    until("both agree on the owner", lambda: owner_of(one, "BINANCE") == owner_of(two, "BINANCE") is not None, 60)
    for quote in ("USDT", "USD"):
        until(f"history in {quote}", lambda: [one.get(f"/data/historical/{base}-{quote}?interval=1m&limit=5")
                                              for base in BASES], 120)
    return one, two


class Demand(threading.Thread):
    """Asks one node for minutes that nobody has asked for before: each asks the venue."""

    counter = iter(range(10**9))  # a different quarter of an hour for each ask

    def __init__(self, node, quote):
        super().__init__(daemon=True)
        self.node, self.quote = node, quote
        self.ended = threading.Event()
        self.good, self.refused, self.wrong = [], [], []
        self.asked = 0

    def run(self):
        host, port = self.node.address()
        connection = http.client.HTTPConnection(host, port, timeout=40 * SLOW)
        now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
        while not self.ended.is_set():
            number = next(self.counter)
            base = BASES[number % len(BASES)]
            start = now - datetime.timedelta(hours=30, minutes=15 * (number // len(BASES)))
            end = start + datetime.timedelta(minutes=10)
            target = (f"/data/historical/{base}-{self.quote}?interval=1m&limit=10"
                      f"&start={start:%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%SZ}")
            self.asked += 1
            try:
                connection.request("GET", target)
                reply = connection.getresponse()
                self.take(reply, json.loads(reply.read()))
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                connection.close()
                connection = http.client.HTTPConnection(host, port, timeout=40 * SLOW)
                self.ended.wait(0.2)

    def take(self, reply, body):
        if reply.status == 200:
            self.good.append(time.monotonic())
        elif reply.status in (429, 503):
            error = body["error"]
            self.refused.append((reply.status, error["code"]))
            self.ended.wait(0.15)
            if not error["retryable"] or not error["message"]:
                self.wrong.append(body)
            if reply.status == 429 and not int(reply.headers["Retry-After"] or 0) >= 1:
                self.wrong.append((dict(reply.headers), body))
        else:
            self.wrong.append((reply.status, body))

    def finish(self):
        self.ended.set()


class Watch(threading.Thread):
    """Sees how much the venue has counted; a call of one unit by a client of the same address."""

    def __init__(self, exchange):
        super().__init__(daemon=True)
        self.exchange, self.peak, self.statuses = exchange, 0, set()
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(1.0):
            status, _, headers = self.exchange.binance.call("GET", "/api/v3/ping")
            self.statuses.add(status)
            self.peak = max(self.peak, int(headers[f"X-MBX-USED-WEIGHT-{WINDOW_S}S"]))


def owners(node, parameters=""):
    rows = node.get("/inspect/shards" + parameters)["data"]["services"]
    return next(row for row in rows if row["service"] == "market-data")["owners"]


def owner_of(node, venue):
    return owners(node, f"?symbol=rate-limit/{venue}")[0]


def never_refused(exchange):
    for side, counts in exchange.traffic().items():
        assert counts["refused"] == 0 and counts["banned"] == 0, (side, counts)


def crowd(nodes, quote, each):
    made = [Demand(node, quote) for node in nodes for _ in range(each)]
    for one in made:
        one.start()
    return made


def finish(*crowds):
    for one in [one for crowd_ in crowds for one in crowd_]:
        one.finish()
    for one in [one for crowd_ in crowds for one in crowd_]:
        one.join(60 * SLOW)


def problems_of(demands):
    return [what for one in demands for what in one.wrong]


def two_nodes_at_ten_times_the_limit_are_never_refused():
    exchange = start_exchange()
    nodes = start_pair(exchange)
    watch = Watch(exchange)
    watch.start()
    begun = time.monotonic()
    demands = crowd(nodes, "USDT", 12), crowd(nodes, "USD", 5)
    count = lambda: (sum(one.asked for one in demands[0]), sum(len(one.good) for one in demands[0]))
    # Boundaries of the venue's windows, where counting goes wrong if it does.
    until("ten times the limit was wanted in three windows", lambda: time.monotonic() - begun > 2.5 * WINDOW_S
          and count()[0] >= 10 * count()[1] > 0, 120, every_s=0.2)
    took = time.monotonic() - begun
    # A cancel goes through at once: its room is kept. (No such order: the call itself is what counts.)
    status, body, _ = binance(exchange.binance, "DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=1)
    assert status == 400 and body["code"] == -2011, body
    finish(*demands)
    watch.ended.set()
    watch.join(10 * SLOW)
    never_refused(exchange)
    assert not problems_of(demands[0] + demands[1]), problems_of(demands[0] + demands[1])[:3]
    assert watch.statuses == {200}, watch.statuses
    assert watch.peak < WEIGHT, watch.peak
    good = [sum(len(one.good) for one in demands[0] if one.node is node) for node in nodes]
    refused = collections.Counter(code for one in demands[0] + demands[1] for _, code in one.refused)
    # To wait for one's turn is neither slow nor a failure: nobody gave up, no breaker opened.
    assert set(refused) <= {"RATE_LIMITED", "UNAVAILABLE"} and refused["UNAVAILABLE"] * 10 < refused["RATE_LIMITED"], refused
    assert min(good) * 4 >= max(good) > 0, good
    other = sum(len(one.good) for one in demands[1])
    assert other > 0
    print(f"     {count()[0]} asked in {took:.0f} s; answered by node {good}, refused {dict(refused)}, {other} of Coinbase; "
          f"at most {watch.peak} of {WEIGHT} used, no 429")


def the_death_of_the_node_that_keeps_the_budget():
    exchange = start_exchange()
    nodes = start_pair(exchange)
    owner = owner_of(nodes[0], "BINANCE")
    victim = next(node for node in nodes if node.name == owner)
    other = next(node for node in nodes if node is not victim)
    demands = crowd([other], "USDT", 12), crowd([other], "USD", 8)

    def answered(kind, since, wanted):
        return sum(at > since for one in demands[kind] for at in one.good) >= wanted
    until("answers come", lambda: answered(0, 0, 5) and answered(1, 0, 5), 120)
    victim.kill()
    until("the other keeps the budget", lambda: owner_of(other, "BINANCE") == other.name, 60)
    alone = time.monotonic()
    until("answers come again", lambda: answered(0, alone, 5) and answered(1, alone, 20), 120)
    took = time.monotonic() - alone
    # Another comes, and may become the owner in the midst of it.
    third = Node("roles/market-data.json", 'node.roles=["market-data","api"]', f"venues={venues(exchange)}",
                 f'cluster.seeds=["{other.cluster}"]', name="m3")
    until("the third is seen", lambda: set(owners(other)) == {other.name, "m3"}, 60)
    joined = time.monotonic()
    until("answers come still", lambda: answered(0, joined, 5) and answered(1, joined, 20), 120)
    finish(*demands)
    never_refused(exchange)
    assert not problems_of(demands[0] + demands[1]), problems_of(demands[0] + demands[1])[:3]
    assert third.process.poll() is None
    print(f"     {owner} killed with the budget of Binance; answers again after {took:.0f} s, no 429; with a third "
          f"{owner_of(other, 'BINANCE')} keeps that of Binance, {owner_of(other, 'COINBASE')} that of Coinbase")


if __name__ == "__main__":
    main([two_nodes_at_ten_times_the_limit_are_never_refused, the_death_of_the_node_that_keeps_the_budget])
