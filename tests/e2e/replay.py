"""Recorded data through the whole path: bars equal those computed here, independently, from the same
file; regimes come out for every coin."""
import csv
import datetime
import gzip
import json
import os
import tempfile
from decimal import Decimal

from harness import SHARED, Node, main, until


def bars_of(path, seconds):
    """ts_open (s) -> [open, high, low, close, volume, trades] of a file of trades, in its own order of
    event time."""
    opener = gzip.open if path.endswith(".gz") else open
    bars = {}
    with opener(path, "rt") as file:
        for row in csv.DictReader(file):
            start = int(row["trade_ms"]) // 1000 // seconds * seconds
            price, quantity = Decimal(row["price"]), Decimal(row["qty"])
            bar = bars.setdefault(start, [price, price, price, price, Decimal(0), 0])
            bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
            bar[4] += quantity
            bar[5] += 1
    return bars


def replay(files, *sets):
    venue = [{"name": "REPLAY", "kind": "replay", "speed": 0, "files": files}]
    return Node("all-in-one.json", "venues=" + json.dumps(venue), *sets)


def all_bars(node, symbol, interval):
    """ts_open (s) -> the API's final bars, page by page."""
    out, cursor = {}, ""
    while True:
        reply = node.get(f"/data/historical/{symbol}?interval={interval}&start=2000-01-01T00:00:00Z"
                         f"&end=2100-01-01T00:00:00Z&limit=1000{cursor}")
        for bar in reply["data"]:
            if bar["final"]:
                opened = datetime.datetime.fromisoformat(bar["ts_open"][:19] + "+00:00")
                out[int(opened.timestamp())] = [Decimal(bar[key]) for key in ("open", "high", "low", "close",
                                                                             "volume")] + [bar["trades"]]
        if not reply["meta"]["has_more"]:
            return out
        cursor = f"&cursor={reply['meta']['next_cursor']}"


def check_equal(node, path, symbol, interval, seconds):
    want = bars_of(path, seconds)
    inner = sorted(want)[1:-1]
    got = until(f"{interval} bars", lambda: complete(node, symbol, interval, inner), 60)
    wrong = [start for start in inner if got.get(start) != want[start]]
    assert not wrong, (len(wrong), wrong[:3], got.get(wrong[0]), want[wrong[0]])
    extra = set(got) - set(want)
    assert not extra, sorted(extra)[:3]
    print(f"     {len(inner)} of {len(inner)} {interval} bars equal")


def complete(node, symbol, interval, inner):
    status, body = node.call(f"/data/historical/{symbol}?interval={interval}&limit=2")
    if status != 200 or not body["data"]:
        return None
    bars = all_bars(node, symbol, interval)
    return bars if inner[-1] in bars else None


def live_regime(node):
    reply = node.get("/regime/current/BTC-USDT?interval=1s")
    assert reply["meta"]["quality"] == "live", reply
    return reply


def own_trades_make_exact_bars():
    path = os.path.join(tempfile.mkdtemp(prefix="troupe-trades-"), "btcusdt_trades.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("trade_ms,trade_id,price,qty,buyer_is_maker\n")
        moment, price = 1_700_000_000_000, 3_000_000
        for i in range(5000):
            moment += (i * 7919) % 997
            price += (i * 104729) % 2001 - 1000
            file.write(f"{moment},{i + 1},{price // 100}.{price % 100:02d},0.{(i * 31) % 997 + 1:05d},{i % 2}\n")
    node = replay([{"path": path, "instrument": "BTC-USDT", "type": "trades"}])
    check_equal(node, path, "BTC-USDT", "1s", 1)
    check_equal(node, path, "BTC-USDT", "1m", 60)


def recorded_trades_make_exact_bars():
    path = str(SHARED / "data/ticks/binance_btcusdt_trades.csv.gz")
    if not os.path.exists(path):
        print("     skipped: no recorded trades (../shared/data) here")
        return
    node = replay([{"path": path, "instrument": "BTC-USDT", "type": "trades"}])
    check_equal(node, path, "BTC-USDT", "1s", 1)
    check_equal(node, path, "BTC-USDT", "1m", 60)
    until("a live regime", lambda: live_regime(node))


def the_shell_option_infers_the_rest():
    path = str(SHARED / "data/ticks/binance_btcusdt_trades.csv.gz")
    if not os.path.exists(path):
        print("     skipped: no recorded trades (../shared/data) here")
        return
    node = Node("all-in-one.json", extra=["--replay", path])
    until("bars", lambda: node.get("/data/historical/BTC-USDT?interval=1m&limit=5")["data"])


def hourly_bars_of_twelve_coins_give_regimes():
    folder = SHARED / "data/ohlcv/binance_spot_1h"
    if not folder.exists():
        print("     skipped: no recorded bars (../shared/data) here")
        return
    coins = sorted(path.name.split("USDT")[0] for path in folder.glob("*.csv.gz"))
    node = replay([{"path": str(folder / f"{coin}USDT.csv.gz"), "instrument": f"{coin}-USDT", "type": "bars",
                    "interval": "1h"} for coin in coins])
    with gzip.open(folder / "BTCUSDT.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    last = rows[-1]["timestamp"][:19]
    for coin in coins:
        until(f"all bars of {coin}", lambda: node.get(
            f"/data/historical/{coin}-USDT?interval=1h&limit=1000")["data"][-1]["ts_open"][:19] == last, 120)
    middle = rows[len(rows) // 2]
    bar = node.get(f"/data/historical/BTC-USDT?interval=1h&start={middle['timestamp']}&limit=1")["data"][0]
    assert all(Decimal(bar[key]) == Decimal(middle[key]) for key in ("open", "high", "low", "close", "volume")), bar
    labels = {}
    for coin in coins:
        reply = until(f"regime of {coin}", lambda: node.get(f"/regime/current/{coin}-USDT?interval=1h"), 60)
        labels[coin] = reply["data"]["regime"]
    print("     " + " ".join(f"{coin}:{label}" for coin, label in labels.items()))
    assert len(labels) == 12


if __name__ == "__main__":
    main([own_trades_make_exact_bars, recorded_trades_make_exact_bars, the_shell_option_infers_the_rest,
          hourly_bars_of_twelve_coins_give_regimes])
