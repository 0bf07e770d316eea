"""Histories in PostgreSQL and caches in Redis: real servers, which are killed, frozen and restarted under
load; no reply is lost and nothing stored is."""
import datetime
import socket
import subprocess

from harness import Load, Node, main, until
from servers import Postgres, Redis


def plain(path, body):
    """What is wrong with a good reply; None for nothing."""
    if not body["data"]:
        return "empty"
    return None if body["meta"]["quality"] in ("live", "stale", "degraded") else body["meta"]["quality"]


PATHS = ["/data/ticker/BTC-USD", "/data/ticker/ETH-USD", "/data/orderbook/BTC-USD?depth=5",
         "/data/historical/BTC-USD?interval=1m&limit=5"]


def breaker(node, edge):
    rows = node.get("/inspect/breakers")["data"]
    return next((row["state"] for row in rows if row["edge"] == edge), None)


def redis_killed_frozen_and_restarted_under_load_loses_no_reply():
    redis = Redis.find()
    if redis is None:
        print("     skipped: no redis-server here")
        return
    try:
        node = Node("all-in-one.json", f"cache.url={redis.url()}")
        for path in PATHS:
            until(path, lambda: node.get(path))
        load = Load(node, PATHS, plain)
        load.start()
        edge = "market_data>redis"
        until("the cache is used", lambda: breaker(node, edge) == "CLOSED")
        redis.kill()
        until("its breaker opens", lambda: breaker(node, edge) in ("OPEN", "HALF_OPEN"), 40)
        before = load.replies
        until("replies go on", lambda: load.replies > before + 50)
        redis.start()
        until("its breaker closes", lambda: breaker(node, edge) == "CLOSED", 90)
        redis.freeze()
        until("its breaker opens again", lambda: breaker(node, edge) in ("OPEN", "HALF_OPEN"), 40)
        redis.thaw()
        until("its breaker closes again", lambda: breaker(node, edge) == "CLOSED", 90)
        load.finish()
        assert not load.wrong and not load.refusals, (load.wrong[:3], load.refusals[:3])
        print(f"     {load.replies} replies, none lost, slowest {load.slowest_s * 1000:.0f} ms")
    finally:
        redis.process.kill()
        redis.process.wait()


def what_is_in_redis_expires_by_itself():
    redis = Redis.find()
    if redis is None:
        print("     skipped: no redis-server here")
        return
    try:
        node = Node("all-in-one.json", f"cache.url={redis.url()}", "cache.ttl=\"3s\"")
        # eight instruments on two venues, a ticker and a book of each
        until("tickers and books are there", lambda: keys(redis) == 32, 60)
        node.kill()
        until("they are gone", lambda: keys(redis) == 0)
    finally:
        redis.process.kill()
        redis.process.wait()


def keys(redis):
    with socket.create_connection(("127.0.0.1", redis.port)) as one:
        one.sendall(b"DBSIZE\r\n")
        return int(one.recv(64).split(b":")[1])


def bars_survive_the_database_and_the_node():
    database = Postgres.find()
    if database is None:
        return
    try:
        node = Node("all-in-one.json", f"storage.url={database.url()}")
        path = "/data/historical/BTC-USD?interval=1s&limit=50"
        until("bars", lambda: len(node.get(path)["data"]) == 50, 60)
        load = Load(node, PATHS, plain)
        load.start()
        database.kill()
        before = load.replies
        until("replies go on without the database", lambda: load.replies > before + 50)
        during = node.get("/data/historical/BTC-USD?interval=1s&limit=1")["data"][0]["ts_open"]
        until("bars close meanwhile", lambda: newest_final(node) > during)
        closed_meanwhile = newest_final(node)
        database.start()
        until("they are stored afterwards", lambda: stored(database, closed_meanwhile), 60)
        load.finish()
        assert not load.wrong and not load.refusals, (load.wrong[:3], load.refusals[:3])
        known = {bar["ts_open"]: bar for bar in node.get(path)["data"] if bar["final"]}
        until("all of them", lambda: stored(database, max(known)), 60)
        node.kill()
        # another node on the same database, with a data directory of its own
        again = Node("all-in-one.json", f"storage.url={database.url()}", name="again")
        start, end = min(known), max(known)
        rows = until("bars of before", lambda: again.get(
            f"/data/historical/BTC-USD?interval=1s&start={start}&end={end}&limit=100")["data"])
        found = {bar["ts_open"]: bar for bar in rows}
        assert all(found.get(at) == bar for at, bar in known.items() if at < end), "a stored bar changed"
        again.kill()
    finally:
        database.clean()


def newest_final(node):
    bars = node.get("/data/historical/BTC-USD?interval=1s&limit=3")["data"]
    return max(bar["ts_open"] for bar in bars if bar["final"])


def stored(database, ts_open):
    """Whether the bar is in the database, asked past the node."""
    moment = datetime.datetime.fromisoformat(ts_open[:19] + "+00:00")
    sql = (f"SELECT count(*) FROM bars WHERE instrument LIKE 'BTC-USD%' AND \"interval\" = '1s' "
           f"AND ts_open = {int(moment.timestamp()) * 1_000_000_000}")
    run = subprocess.run([database.programs / "psql", "-tAc", sql, database.url()], capture_output=True,
                         text=True, check=False)
    return run.returncode == 0 and int(run.stdout) > 0


if __name__ == "__main__":
    main([redis_killed_frozen_and_restarted_under_load_loses_no_reply,
          what_is_in_redis_expires_by_itself, bars_survive_the_database_and_the_node])
