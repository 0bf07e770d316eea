"""The connectors against the exchange simulator, process to process: a market-data node whose venues are
binance and coinbase at the simulator's addresses. Over TLS its books, tickers, trades, bars and history
are the exchange's; whatever goes wrong is noticed, said in the quality of every reply, and healed."""
import datetime
import json
import time
from decimal import Decimal

from exchange import (BinanceMirror, Certificates, CoinbaseMirror, Exchange, Readers, equal_books, tls)
from harness import Node, WebSocket, main, until

VERIFY_BOOKS_EVERY = 5  # seconds
AUDITED_WITHIN = VERIFY_BOOKS_EVERY + 3 + 7  # as docs/ARCHITECTURE.md says, the call and a new snapshot
INSTRUMENTS = ["BTC-USDT.BINANCE", "BTC-USD.COINBASE"]


def venue(kind, port, quote, ca=None):
    settings = {"name": kind.upper(), "kind": kind, "rest_url": port.url,
                "ws_url": port.url.replace("http", "ws", 1), "instruments": [f"BTC-{quote}", f"ETH-{quote}"],
                "verify_books_every": f"{VERIFY_BOOKS_EVERY}s", "reconnect_min": "200ms", "reconnect_max": "1s"}
    if ca is not None:
        settings["tls"] = {"ca": str(ca)}
    return settings


def start_node(exchange, ca=None):
    venues = [venue("binance", exchange.binance, "USDT", ca), venue("coinbase", exchange.coinbase, "USD", ca)]
    return Node("roles/market-data.json", 'node.roles=["market-data","api"]', f"venues={json.dumps(venues)}", name="md")


def quality(node, instrument):
    status, body = node.call(f"/data/orderbook/{instrument}")
    return body["meta"]["quality"] if status == 200 else None


def all_live(node):
    return all(quality(node, one) == "live" for one in INSTRUMENTS)


def compare_books(node, exchange, audited_within=0.0):
    """@param audited_within  of Coinbase's books, whose updates carry no numbers"""
    mirrors = (BinanceMirror(exchange.binance, "BTCUSDT"), CoinbaseMirror(exchange.coinbase, "BTC-USD"))
    for mirror in mirrors:
        mirror.start()
    try:
        for instrument, mirror, bound in zip(INSTRUMENTS, mirrors, (0.0, audited_within)):
            equal_books(node, instrument, mirror, audited_within=bound)
    finally:
        for mirror in mirrors:
            mirror.close()


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimals(*texts):
    return tuple(Decimal(str(text)) for text in texts)


def pages(node, instrument, interval, start_ms, end_ms):
    """Every closed bar of [start, end) by the reader's cursor: {open time in ms: (o, h, l, c, volume)}."""
    path = f"/data/historical/{instrument}?interval={interval}&start={iso(start_ms)}&end={iso(end_ms)}&limit=400"
    found, cursor = {}, ""
    while True:
        body = node.get(path + cursor)
        for bar in body["data"]:
            at = datetime.datetime.fromisoformat(bar["ts_open"][:19] + "+00:00")
            assert bar["final"], bar
            found[int(at.timestamp() * 1000)] = decimals(*(bar[one] for one in ("open", "high", "low", "close", "volume")))
        if not body["meta"]["has_more"]:
            return found
        cursor = "&cursor=" + body["meta"]["next_cursor"]


def compare_history(node, exchange):
    hour = 3_600_000
    end = int(time.time() * 1000) // hour * hour - 2 * hour
    start = end - 20 * hour  # 1200 minutes: two pages of Binance's, four of Coinbase's
    ours = until("minutes of Binance", lambda: pages(node, "BTC-USDT.BINANCE", "1m", start, end), 60)
    theirs = {}
    for at in (start, start + 10 * hour):
        rows = exchange.binance.get(f"/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={at}"
                                    f"&endTime={at + 10 * hour - 1}&limit=1000")
        theirs |= {row[0]: decimals(*row[1:6]) for row in rows if row[8]}
    assert ours == theirs, sorted(set(ours.items()) ^ set(theirs.items()))[:4]
    ours = until("minutes of Coinbase", lambda: pages(node, "BTC-USD.COINBASE", "1m", start, end), 60)
    theirs = {}
    for at in range(start, end, 5 * hour):
        rows = exchange.coinbase.get(f"/products/BTC-USD/candles?granularity=60&start={iso(at)}&end={iso(at + 5 * hour - 60_000)}")
        theirs |= {row[0] * 1000: decimals(row[3], row[2], row[1], row[4], row[5]) for row in rows}
    assert ours == theirs, sorted(set(ours.items()) ^ set(theirs.items()))[:4]
    print(f"     {len(ours)} minutes of each venue equal, by the reader's pages and the venues'")


def compare_trades_and_bars(node, exchange):
    stream = WebSocket(node, "/data/stream", timeout=60.0)
    stream.send({"op": "subscribe", "channel": "trades", "symbols": INSTRUMENTS})
    seen = {one: [] for one in INSTRUMENTS}

    def more(message):
        if message.get("channel") == "trades" and message.get("type") == "delta":
            rows = message["data"] if isinstance(message["data"], list) else message["data"]["trades"]
            seen[message["symbol"]] += rows
        return all(len(rows) >= 20 for rows in seen.values())
    stream.receive_until("twenty trades of each", more, 120)
    rows = seen[INSTRUMENTS[0]]
    ids = [int(row["trade_id"]) for row in rows]
    assert ids == list(range(ids[0], ids[0] + len(ids))), ids
    theirs = {row["id"]: row for row in exchange.binance.get(
        f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={ids[0]}&limit=1000")}
    for row in rows:
        their = theirs[int(row["trade_id"])]
        assert decimals(row["price"], row["quantity"]) == decimals(their["price"], their["qty"]), (row, their)
        assert (row["aggressor"] == "SELL") == their["isBuyerMaker"], (row, their)
    rows = seen[INSTRUMENTS[1]]
    ids = [int(row["trade_id"]) for row in rows]
    assert ids == list(range(ids[0], ids[0] + len(ids))), ids
    theirs = {row["trade_id"]: row for row in exchange.coinbase.get("/products/BTC-USD/trades?limit=1000")}
    for row in rows:
        their = theirs[int(row["trade_id"])]
        assert decimals(row["price"], row["quantity"]) == decimals(their["price"], their["size"]), (row, their)
        assert row["aggressor"].lower() != their["side"], (row, their)  # theirs is the maker's

    def bars():
        body = node.get("/data/historical/BTC-USDT.BINANCE?interval=1s&limit=40")["data"]
        return [bar for bar in body if bar["final"]][-20:]
    until("seconds that closed here", lambda: len(bars()) >= 20, 60)
    for bar in bars():
        at = int(datetime.datetime.fromisoformat(bar["ts_open"][:19] + "+00:00").timestamp() * 1000)
        row = exchange.binance.get(f"/api/v3/klines?symbol=BTCUSDT&interval=1s&startTime={at}&limit=1")[0]
        assert row[0] == at, (row, bar)
        assert decimals(*(bar[one] for one in ("open", "high", "low", "close", "volume"))) == decimals(*row[1:6]), (row, bar)
        assert bar["trades"] == row[8], (row, bar)


def compare_tickers(node, exchange):
    def binance_last():
        ticker = node.get("/data/ticker/BTC-USDT.BINANCE")["data"]
        trades = exchange.binance.get("/api/v3/trades?symbol=BTCUSDT&limit=50")
        return decimals(ticker["last"], ticker["last_quantity"]) in [decimals(row["price"], row["qty"]) for row in trades]
    until("the last trade of Binance", binance_last)

    def coinbase_last():
        ticker = node.get("/data/ticker/BTC-USD.COINBASE")["data"]
        trades = exchange.coinbase.get("/products/BTC-USD/trades?limit=50")
        return decimals(ticker["last"], ticker["last_quantity"]) in [decimals(row["price"], row["size"]) for row in trades]
    until("the last trade of Coinbase", coinbase_last)


def never_refused(exchange):
    for side, counts in exchange.traffic().items():
        assert counts["refused"] == 0 and counts["banned"] == 0, (side, counts)


def over_tls_all_is_the_exchanges_own():
    authority = Certificates.find()
    if authority is None:
        print("     skipped: no openssl to make certificates with")
        return
    exchange = Exchange(*tls(authority.sign("exchange", "IP:127.0.0.1")), context=authority.context())
    node = start_node(exchange, authority.ca)
    until("all live", lambda: all_live(node), 60)
    rows = {row["instrument"]: row for row in node.get("/data/instruments")["data"]}
    assert rows["BTC-USDT.BINANCE"]["venue_symbol"] == "BTCUSDT", rows
    assert Decimal(rows["BTC-USD.COINBASE"]["tick"]) > 0, rows
    compare_books(node, exchange)
    compare_tickers(node, exchange)
    compare_trades_and_bars(node, exchange)
    compare_history(node, exchange)
    never_refused(exchange)
    authority.clean()


def a_wrong_certificate_is_refused_with_a_clear_error():
    authority, stranger = Certificates.find(), Certificates.find()
    if authority is None:
        print("     skipped: no openssl to make certificates with")
        return
    exchange = Exchange(*tls(stranger.sign("exchange", "IP:127.0.0.1")), context=stranger.context())
    node = start_node(exchange, authority.ca)  # of an authority that did not sign it
    until("both venues are refused", lambda: node.logged().count("certificate verify failed") >= 2, 40)
    assert quality(node, INSTRUMENTS[0]) is None and quality(node, INSTRUMENTS[1]) is None
    assert exchange.traffic()["binance"]["replies"] == 0, exchange.traffic()
    node.kill()
    exchange.kill()
    other_name = Exchange(*tls(authority.sign("elsewhere", "DNS:elsewhere.test")), context=authority.context())
    node = start_node(other_name, authority.ca)  # of the right authority, for another machine
    line = until("the name is refused", lambda: [
        line for line in node.logged().split("\n") if "verify failed" in line or "mismatch" in line], 40)[0]
    assert "127.0.0.1" in line or "BINANCE" in line or "COINBASE" in line, line
    assert quality(node, INSTRUMENTS[0]) is None
    assert other_name.traffic()["binance"]["replies"] == 0, other_name.traffic()
    authority.clean()
    stranger.clean()


class Trial:
    """An exchange, a node on it, and readers that look all the time."""

    def __init__(self, *sets, **more):
        self.exchange = Exchange(*sets, **more)
        self.node = start_node(self.exchange)
        until("all live", lambda: all_live(self.node), 60)
        self.readers = Readers(self.node, INSTRUMENTS)
        self.readers.start()

    def fault(self, what, seconds_to_show=40.0, shows=True, **order):
        """Orders a fault, waits until the quality of both books says so, and ends it."""
        since = time.monotonic()
        self.exchange.order(**order)
        if shows:
            self.shows(what, since, seconds_to_show)
        return since

    def shows(self, what, since, seconds=40.0):
        for one in INSTRUMENTS:
            until(f"{what}: {one} is not live", lambda: any(
                said != "live" for said in self.readers.said_since(one, since)), seconds)

    def heals(self, what, seconds=60.0):
        """All live again, and the books the exchange's own."""
        self.exchange.order()
        until(f"{what}: live again", self.readers.is_live, seconds)
        compare_books(self.node, self.exchange, AUDITED_WITHIN)

    def finish(self):
        self.readers.finish()
        never_refused(self.exchange)
        print(f"     {self.readers.replies} replies, none of them wrong")


def lost_repeated_and_reordered_frames():
    trial = Trial()
    for what, order in (("gaps", {"drop_frames": 40}), ("every 20th lost", {"drop_every": 20}),
                        ("every 7th repeated", {"repeat_every": 7}), ("every 13th overtaken", {"reorder_every": 13})):
        before = trial.node.logged().count("book lost")
        trial.exchange.order(**order)
        if "repeat_every" not in order:
            until(f"{what}: noticed", lambda: trial.node.logged().count("book lost") > before, 60)
        trial.heals(what)
    trial.finish()


def disconnects_errors_and_slow_replies():
    trial = Trial()
    trial.fault("disconnected", disconnect=1)
    trial.heals("disconnected")
    # No snapshot can be had while REST fails: the quality says so until it can.
    since = trial.fault("REST fails", shows=False, error_status=503, disconnect=2)
    until("Binance has no book", lambda: any(
        said != "live" for said in trial.readers.said_since(INSTRUMENTS[0], since)))
    until("and none without snapshots", lambda: quality(trial.node, INSTRUMENTS[0]) != "live")
    trial.heals("REST failed", 90)
    trial.fault("replies are slow", shows=False, reply_delay="2s", disconnect=3)
    trial.shows("disconnected under slow replies", time.monotonic() - 1)
    until("live with slow replies", trial.readers.is_live, 60)
    trial.heals("replies were slow")
    trial.fault("sessions are refused", refuse_sessions=True, disconnect=4)
    until("REST stands in", lambda: quality(trial.node, INSTRUMENTS[0]) in ("degraded", "fallback"), 30)
    trial.heals("sessions were refused")
    trial.finish()


if __name__ == "__main__":
    main([over_tls_all_is_the_exchanges_own, a_wrong_certificate_is_refused_with_a_clear_error,
          lost_repeated_and_reordered_frames, disconnects_errors_and_slow_replies])
