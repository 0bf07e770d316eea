"""The market-data gateway's own words: schemas that hold, service levels, bars of trades, recorded trades."""
import re

from harness import Node, WebSocket, main, until
from schemas import BY, Schema


def schema_of(node, name):
    return Schema(node.get(f"/schemas/{name}"))


def refused(node, path):
    status, body = node.call(path)
    assert status >= 400, (path, status, body)
    return body["error"]


def subscribed(stream, request):
    stream.send({"op": "subscribe", **request})
    return stream.receive_until("an ack or an error", lambda message: message.get("type") in ("subscribed", "error"))


def replies_and_events_are_what_the_schemas_say():
    node = Node("all-in-one.json")
    print("     validated by", BY)
    listed = node.get("/schemas")["data"]
    names = {entry["name"] for entry in listed}
    assert {"quote", "trade", "book_delta", "bar", "instrument", "venue_status", "TickerReply"} <= names, names
    for entry in listed:
        schema_of(node, entry["name"])
    ticker = until("a live ticker", lambda: node.get("/data/ticker/BTC-USD"))
    until("a regime", lambda: node.get("/regime/current/BTC-USD?interval=1m"), 60)
    until("service levels of all", lambda: len(node.get("/data/sla")["data"]["feeds"]) == 32)
    until("an activity bar", lambda: node.get("/data/historical/BTC-USD?interval=tick:100")["data"], 60)
    for path, name in (("/data/ticker/BTC-USD", "TickerReply"), ("/data/orderbook/BTC-USD", "OrderBookReply"),
                       ("/data/historical/BTC-USD?interval=1s&limit=20", "HistoricalReply"),
                       ("/data/historical/BTC-USD?interval=tick:100", "HistoricalReply"),
                       ("/data/instruments", "InstrumentsReply"), ("/data/sla", "SlaReply"),
                       ("/regime/current/BTC-USD?interval=1m", "RegimeReply"),
                       ("/portfolios", "PortfoliosReply")):
        # A node that fits its first models may refuse for a moment, retryably.
        schema_of(node, name).check(until(path, lambda: node.get(path)))  # noqa: B023
    schema_of(node, "quote").check(ticker["data"])
    for path in ("/data/ticker/NO-SUCH", "/data/historical/BTC-USD?interval=2m", "/schemas/nobody"):
        assert refused(node, path)["code"], path
        schema_of(node, "error").check(node.call(path)[1])
    # The check itself can fail.
    quote = schema_of(node, "quote")
    assert quote.problems({**ticker["data"], "bid": 1.5}) and quote.problems({**ticker["data"], "extra": 1})
    assert quote.problems({key: value for key, value in ticker["data"].items() if key != "ts_event"})
    events_of(node)


def events_of(node):
    stream = WebSocket(node, "/data/stream")
    for channel in ("ticker", "trades", "book", "status"):
        stream.send({"op": "subscribe", "channel": channel, "symbols": ["BTC-USD", "ETH-USD"]})
    stream.send({"op": "subscribe", "channel": "bars", "symbols": ["BTC-USD"], "interval": "1s"})
    wanted = {"ticker", "trades", "book", "bars", "venue_status"}
    schemas = {name: schema_of(node, f"stream.{name}") for name in wanted}

    def one_more():
        event = stream.receive()
        if "channel" in event and "data" in event:
            name = event.get("event", event["channel"])
            schemas[name].check(event)
            wanted.discard(name)
        return not wanted
    until("an event of every channel", one_more, 60)


def service_levels_are_answered_by_any_node_and_in_the_metrics():
    source = Node("roles/market-data.json", name="m1")
    front = Node("roles/api.json", f'cluster.seeds=["{source.cluster}"]', name="api")
    report = until("all feeds", lambda: (lambda r: r if len(r["data"]["feeds"]) == 32 else None)(
        front.get("/data/sla")))
    assert report["data"]["targets"]["uptime"] == 0.999, report["data"]["targets"]
    assert {feed["node"] for feed in report["data"]["feeds"]} == {"m1"}, report
    assert {(row["venue"], row["channel"]) for row in report["data"]["venues"]} == {
        (venue, channel) for venue in ("SIM-A", "SIM-B") for channel in ("all", "book", "trades")}, report

    def busy():
        feeds = front.get("/data/sla?symbol=BTC-USD&venue=SIM-A")["data"]["feeds"]
        assert [feed["channel"] for feed in feeds] == ["book", "trades"], feeds
        return all(feed["freshness"] == "LIVE" and feed["figures"]["messages_per_second"] > 0
                   and feed["figures"]["latency_p99_ms"] for feed in feeds)
    until("figures of BTC-USD", busy)
    assert refused(front, "/data/sla?venue=NOPE")["code"] == "INVALID_ARGUMENT"
    assert refused(front, "/data/sla?symbol=NO-PE")["code"] == "UNKNOWN_SYMBOL"
    assert "channel" in refused(front, "/data/sla?channel=bars")["message"]

    def exported():
        text = source.call("/metrics", raw=True)[1].decode()
        counts = re.findall(r'troupe_feed_messages_total\{[^}]*venue="SIM-A"[^}]*\} (\d+)', text)
        return len(counts) == 2 and all(int(count) > 0 for count in counts) and "troupe_feed_sla_breached" in text
    until("the same in the metrics", exported)


def feeds_of_a_killed_owner_are_measured_by_another():
    source = Node("roles/market-data.json", name="m1")
    front = Node("roles/market-data.json", f'cluster.seeds=["{source.cluster}"]', 'node.roles=["market-data","api"]',
                 name="m2")
    nodes = until("feeds of both", lambda: (lambda found: found if len(found) == 2 else None)(
        {feed["node"] for feed in front.get("/data/sla")["data"]["feeds"]}), 40)
    assert nodes == {"m1", "m2"}, nodes
    source.kill()
    until("all feeds are measured by the other", lambda: {
        feed["node"] for feed in front.get("/data/sla")["data"]["feeds"]} == {"m2"}
        and front.get("/data/sla")["meta"]["quality"] == "live", 60)


def trades_are_recorded_and_make_the_same_bars_after_a_restart():
    node = Node("all-in-one.json", 'market_data.activity_bars=["tick:5","volume:0.5","value:20000"]')
    stream = WebSocket(node, "/data/stream")
    bars_of_btc = {"channel": "bars", "symbols": ["BTC-USD"]}
    until("a subscription to bars of trades",
          lambda: subscribed(stream, {**bars_of_btc, "interval": "tick:5"})["type"] == "subscribed")
    no = subscribed(stream, {**bars_of_btc, "interval": "tick:6"})
    assert no["type"] == "error" and "tick:5" in no["error"]["message"], no
    no = subscribed(stream, {**bars_of_btc, "channel": "ticker", "interval": "tick:5"})
    assert no["type"] == "error" and "interval" in no["error"]["message"], no

    def whole():
        bars = node.get("/data/historical/BTC-USD?interval=tick:5&limit=500")["data"]
        return bars if sum(bar["final"] for bar in bars) >= 6 else None
    bars = [bar for bar in until("bars of trades", whole, 60) if bar["final"]]
    assert all(bar["trades"] == 5 or bar["ts_open"][:10] != bars[-1]["ts_open"][:10] for bar in bars), bars
    for a, b in zip(bars, bars[1:]):
        assert a["ts_close"] <= b["ts_open"], (a, b)
    for interval in ("volume:0.5", "value:20000"):
        until(interval, lambda: node.get(f"/data/historical/BTC-USD?interval={interval}")["data"], 60)
    assert "tick:5" in refused(node, "/data/historical/BTC-USD?interval=tick:7")["message"]
    assert "tick:N" in refused(node, "/data/historical/BTC-USD?interval=tick:0")["message"]
    # Told of them, a client of the stream had the same.
    told = []

    def enough():
        event = stream.receive()
        if event.get("channel") == "bars" and event["type"] == "delta":
            told.append(event["data"])
        return len(told) >= 2
    until("bars on the stream", enough, 60)
    later = node.get("/data/historical/BTC-USD?interval=tick:5&limit=500")["data"]
    assert [bar for bar in later if bar["ts_open"] in {one["ts_open"] for one in told}] == told, (told, later)
    assert node.stop()[0] == 0
    again = Node("all-in-one.json", 'market_data.activity_bars=["tick:5"]', data_dir=node.data)
    start = bars[0]["ts_open"]

    def same():
        found = again.get(f"/data/historical/BTC-USD?interval=tick:5&start={start}&limit=500")["data"]
        # The first one was marked: the day had begun before it.
        return [bar for bar in found if bar["final"]][1:5] == bars[1:5]
    until("the same bars of the stored trades", same, 60)


if __name__ == "__main__":
    main([replies_and_events_are_what_the_schemas_say, service_levels_are_answered_by_any_node_and_in_the_metrics,
          feeds_of_a_killed_owner_are_measured_by_another, trades_are_recorded_and_make_the_same_bars_after_a_restart])
