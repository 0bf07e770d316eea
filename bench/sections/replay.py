"""Recorded trades through a whole node at full speed."""
import csv
import json
import pathlib
import shutil
import tempfile
import time

import measure
from measure import row
from harness import Node, until

TRADES = 500_000


def write_trades(path):
    """@returns the second in which the last whole minute of the data begins"""
    with open(path, "w", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["trade_ms", "trade_id", "price", "qty", "buyer_is_maker"])
        moment, price = 1_700_000_000_000, 3_000_000
        for i in range(TRADES):
            moment += (i * 7919) % 97
            price += (i * 104729) % 201 - 100
            writer.writerow([moment, i + 1, f"{price / 100:.2f}", f"0.{(i * 31) % 997 + 1:05d}", i % 2])
    return moment // 60_000 * 60 - 60


def run(options):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-bench-"))
    path = directory / "btcusdt_trades.csv"
    wanted = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(write_trades(path)))
    venue = [{"name": "REPLAY", "kind": "replay", "speed": 0, "files": [
        {"path": str(path), "instrument": "BTC-USDT", "type": "trades"}]}]
    rates = []
    for _ in range(options.runs_or(3)):
        started = time.monotonic()
        node = Node("all-in-one.json", "venues=" + json.dumps(venue))

        def finished():
            data = node.get("/data/historical/BTC-USDT?interval=1m&limit=3")["data"]
            return any(bar["ts_open"].startswith(wanted) and bar["final"] for bar in data)
        until("the end of the data", finished, 300)
        rates.append(TRADES / (time.monotonic() - started))
        node.clean()
    yield row("CSV to instrument actor to bars of all intervals to bus, process start included", rates, "trades/s")
    shutil.rmtree(directory, ignore_errors=True)


SECTION = measure.Section("replay", "Replay", "500 000 trades from CSV at full speed.", run, order=80)
