"""One node on the simulated exchange, as a new user meets it."""
import json
import signal

from harness import SLOW, Node, WebSocket, inspector, main, until

SYMBOLS = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "ADA-USD", "LTC-USD", "LINK-USD", "DOGE-USD"]


def prices_bars_books_and_regimes_change():
    node = Node("all-in-one.json")
    first = until("a live ticker", lambda: node.get("/data/ticker/BTC-USD"))
    assert first["meta"]["quality"] == "live", first
    assert float(first["data"]["bid"]) < float(first["data"]["ask"]), first
    rows = node.get("/data/instruments")["data"]
    assert [row["instrument"] for row in rows if row["venue"] == "SIM-A"] == [s + ".SIM-A" for s in SYMBOLS], rows
    for symbol in SYMBOLS:
        until(f"price of {symbol}", lambda: node.get(f"/data/ticker/{symbol}"))
    until("another price", lambda: node.get("/data/ticker/BTC-USD")["data"] != first["data"])
    book = until("a book", lambda: node.get("/data/orderbook/BTC-USD?depth=5"))["data"]
    assert len(book["bids"]) == 5 and len(book["asks"]) == 5, book
    bids = [float(level[0]) for level in book["bids"]]
    asks = [float(level[0]) for level in book["asks"]]
    assert bids == sorted(bids, reverse=True) and asks == sorted(asks) and bids[0] < asks[0], book
    until("another book", lambda: node.get("/data/orderbook/BTC-USD?depth=5")["data"] != book)
    bars = until("bars", lambda: node.get("/data/historical/BTC-USD?interval=1s&limit=5"))["data"]
    until("a newer bar", lambda: node.get("/data/historical/BTC-USD?interval=1s&limit=5")["data"][-1]["ts_open"]
          > bars[-1]["ts_open"])
    for interval in ("1s", "1m", "1h"):
        reply = until(f"regime {interval}", lambda: node.get(f"/regime/current/BTC-USD?interval={interval}"), 60)
        assert reply["data"]["regime"] in ("TRENDING", "RANGING", "CHOPPY", "CRISIS"), reply
        assert reply["meta"]["method"] in ("rules", "ensemble") and reply["meta"]["inputs"], reply
    venue_b = node.get("/data/ticker/BTC-USD.SIM-B")
    assert venue_b["data"]["instrument"] == "BTC-USD.SIM-B", venue_b
    for field in ("as_of", "quality", "request_id", "node", "source", "age_ms"):
        assert field in venue_b["meta"], venue_b


def history_pages_by_cursor():
    node = Node("all-in-one.json")
    def fifty():
        reply = node.get("/data/historical/BTC-USD?interval=1m&limit=50")
        return reply if len(reply["data"]) == 50 and reply["meta"]["quality"] == "live" else None

    def page_of(query):
        return until("a page", lambda: node.get(f"/data/historical/BTC-USD?interval=1m&start={start}&end={end}{query}"))

    page = until("bars, which history may still be filling", fifty, 60)
    start, end = page["data"][0]["ts_open"], page["data"][40]["ts_open"]
    seen, cursor = [], ""
    while True:
        reply = page_of(f"&limit=7{cursor}")
        seen += reply["data"]
        if not reply["meta"]["has_more"]:
            break
        cursor = f"&cursor={reply['meta']['next_cursor']}"
    whole = page_of("&limit=1000")["data"]
    assert seen == whole and len(whole) == 40, (len(seen), len(whole))


def streams_carry_what_the_calls_answer():
    node = Node("all-in-one.json")
    socket = WebSocket(node, "/data/stream")
    assert socket.status == 101
    until("instruments known", lambda: subscribed(socket, "ticker", ["BTC-USD", "ETH-USD.SIM-B"]))
    for channel in ("trades", "book", "status"):
        assert subscribed(socket, channel, ["BTC-USD"]), channel
    socket.send({"op": "subscribe", "channel": "bars", "symbols": ["BTC-USD"], "interval": "1s"})
    seen, sequence = set(), {}
    while not {"ticker", "trades", "book", "status", "bars", "heartbeat"} <= seen:
        message = socket.receive()
        seen.add(message.get("channel") or message["type"])
        if "seq" in message:
            key = (message["channel"], message["symbol"])
            assert message["seq"] > sequence.get(key, 0) or message["type"] == "snapshot", message
            if message["channel"] in ("trades", "bars") and key in sequence:
                assert message["seq"] == sequence[key] + 1, message
            sequence[key] = message["seq"]
    socket.close()
    regimes = WebSocket(node, "/regime/stream")
    until("regime stream", lambda: subscribed(regimes, "regime", SYMBOLS, interval="1s"), 40)
    event = regimes.receive_until("a regime", lambda m: m.get("channel") == "regime", 60)
    assert event["data"]["state"]["regime"] in ("TRENDING", "RANGING", "CHOPPY", "CRISIS"), event


def subscribed(socket, channel, symbols, **more):
    socket.send({"op": "subscribe", "channel": channel, "symbols": symbols, "id": channel, **more})
    reply = socket.receive_until("an answer", lambda m: m.get("id") == channel)
    return reply["type"] == "subscribed"


def health_metrics_and_documentation_answer():
    node = Node("all-in-one.json")
    for path in ("/health", "/health/live", "/health/ready", "/health/startup", "/health/tree"):
        status, body = node.call(path)
        assert status == 200 and body, (path, status, body)
    status, text = node.call("/metrics", raw=True)
    for name in (b"troupe_actor_mailbox_depth", b"troupe_http_requests_total", b"troupe_ready"):
        assert status == 200 and name in text, name
    document = node.get("/openapi.json")
    assert "/data/ticker/{symbol}" in document["paths"]
    status, page = node.call("/docs", raw=True)
    assert status == 200 and b"<html" in page


def the_inspector_shows_and_changes():
    node = Node("all-in-one.json")
    token = ("--token-file", str(node.data / "token"))
    for command in ("nodes", "tree", "ps", "breakers", "dead-letters"):
        run = inspector(node, command)
        assert run.returncode == 0 and run.stdout, (command, run.stderr)
        run = inspector(node, command, "--json")
        assert run.returncode == 0 and json.loads(run.stdout) is not None, (command, run.stderr)
    assert "market_data" in inspector(node, "tree").stdout
    assert inspector(node, "show", "market_data/front").returncode == 0
    assert inspector(node, "show", "no/such/actor").returncode == 2
    assert inspector(node, "tree", "nonsense").returncode == 2
    assert inspector(node, "ps", "--sort", "colour").returncode == 4
    assert inspector(node, "dance").returncode == 4
    run = inspector(node, "restart", "market_data/front", *token)
    assert run.returncode == 4 and "--yes" in run.stderr, run
    run = inspector(node, "restart", "market_data/front", "--yes")
    assert run.returncode == 1 and "UNAUTHENTICATED" in run.stderr, run
    run = inspector(node, "restart", "market_data/front", "--yes", *token)
    assert run.returncode == 0, run
    until("restarted and serving", lambda: node.get("/data/ticker/BTC-USD"))
    node.stop()
    assert inspector(node, "nodes").returncode == 3


def it_stops_in_order_within_five_seconds():
    for how in (signal.SIGINT, signal.SIGTERM):
        node = Node("all-in-one.json")
        until("a ticker", lambda: node.get("/data/ticker/BTC-USD"))
        code, seconds = node.stop(how)
        assert code == 0, (code, node.logged()[-2000:])
        assert seconds < 5 * SLOW, seconds


def prices_do_not_jump_at_a_restart():
    node = Node("all-in-one.json")
    before = until("bars", lambda: node.get("/data/historical/BTC-USD?interval=1m&limit=30"))["data"][:-2]
    until("a ticker", lambda: node.get("/data/ticker/BTC-USD"))
    price = float(node.get("/data/ticker/BTC-USD")["data"]["last"])
    data = node.data
    node.stop()
    node = Node("all-in-one.json", data_dir=data)
    after = until("bars", lambda: node.get("/data/historical/BTC-USD?interval=1m&limit=40"))["data"]
    known = {bar["ts_open"]: bar for bar in after}
    common = [bar for bar in before if bar["ts_open"] in known]
    assert len(common) >= 20 and all(known[bar["ts_open"]] == bar for bar in common)
    again = until("a price", lambda: node.get("/data/ticker/BTC-USD")["data"]["last"])
    assert abs(float(again) / price - 1) < 0.02, (price, again)


if __name__ == "__main__":
    main([prices_bars_books_and_regimes_change, history_pages_by_cursor,
          streams_carry_what_the_calls_answer, health_metrics_and_documentation_answer,
          the_inspector_shows_and_changes, it_stops_in_order_within_five_seconds,
          prices_do_not_jump_at_a_restart])
