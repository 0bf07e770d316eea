"""The exchange simulator over its own ports, spoken to as clients of the two venues do: signed
requests, orders, streams, faults, TLS."""
import json
import subprocess
import time

from exchange import KEY, PHRASE, Certificates, Exchange, binance, coinbase, coinbase_mark, tls
from harness import BIN, SLOW, SOURCE, main, until


def binance_trades_and_streams():
    port = Exchange().binance
    status, info, headers = port.call("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT")
    assert status == 200 and info["symbols"][0]["symbol"] == "BTCUSDT", info
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) >= 20, headers
    status, key, _ = port.call("POST", "/api/v3/userDataStream", {"X-MBX-APIKEY": KEY})
    assert status == 200, key
    user = port.websocket("/ws/" + key["listenKey"])
    market = port.websocket("/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker")
    assert user.status == market.status == 101
    first = market.receive_until("depth", lambda f: f["stream"] == "btcusdt@depth@100ms")["data"]
    second = market.receive_until("depth", lambda f: f["stream"] == "btcusdt@depth@100ms")["data"]
    assert second["U"] == first["u"] + 1, (first, second)
    price = float(port.call("GET", "/api/v3/ticker/price?symbol=BTCUSDT")[1]["price"])
    status, order, headers = binance(port, "POST", "/api/v3/order", symbol="BTCUSDT", side="BUY",
                                     type="LIMIT", timeInForce="GTC", quantity="0.01",
                                     price=f"{price * 0.9:.2f}", newClientOrderId="e2e")
    assert status == 200 and order["status"] == "NEW", order
    assert headers["X-MBX-ORDER-COUNT-10S"] == "1", headers
    report = user.receive_until("NEW", lambda f: f["e"] == "executionReport")
    assert report["x"] == "NEW" and report["c"] == "e2e" and report["i"] == order["orderId"], report
    user.receive_until("balances", lambda f: f["e"] == "outboundAccountPosition")
    status, canceled, _ = binance(port, "DELETE", "/api/v3/order", symbol="BTCUSDT",
                                  orderId=order["orderId"])
    assert status == 200 and canceled["status"] == "CANCELED", canceled
    status, filled, _ = binance(port, "POST", "/api/v3/order", symbol="BTCUSDT", side="SELL",
                                type="MARKET", quantity="0.02")
    assert status == 200 and filled["status"] == "FILLED" and filled["fills"], filled
    trade = user.receive_until("TRADE", lambda f: f.get("x") == "TRADE")
    assert trade["t"] == filled["fills"][0]["tradeId"], (trade, filled)
    status, error, _ = binance(port, "POST", "/api/v3/order", symbol="BTCUSDT", side="SELL",
                               type="MARKET", quantity="50")
    assert status == 400 and error["code"] == -2010, error
    status, error, _ = port.call("GET", "/api/v3/depth?symbol=NOPE")
    assert (status, error) == (400, {"code": -1121, "msg": "Invalid symbol."}), error


def coinbase_trades_and_streams():
    port = Exchange().coinbase
    status, products, _ = port.call("GET", "/products")
    assert status == 200 and "BTC-USD" in [one["id"] for one in products], products
    feed = port.websocket("/")
    stamp = str(time.time())
    feed.send({"type": "subscribe", "product_ids": ["BTC-USD"],
               "channels": ["level2_batch", "user", "heartbeat"], "key": KEY, "passphrase": PHRASE,
               "timestamp": stamp, "signature": coinbase_mark(stamp + "GET/users/self/verify")})
    named = feed.receive_until("subscriptions", lambda f: f["type"] == "subscriptions")
    assert {one["name"] for one in named["channels"]} == {"level2_50", "user", "heartbeat"}, named
    feed.receive_until("snapshot", lambda f: f["type"] == "snapshot")
    feed.receive_until("l2update", lambda f: f["type"] == "l2update")
    price = float(port.call("GET", "/products/BTC-USD/ticker")[1]["price"])
    status, order, _ = coinbase(port, "POST", "/orders",
                                {"product_id": "BTC-USD", "side": "buy", "type": "limit",
                                 "price": f"{price * 0.9:.2f}", "size": "0.01"})
    assert status == 200 and order["status"] == "pending", order
    opened = feed.receive_until("open", lambda f: f["type"] == "open")
    assert opened["order_id"] == order["id"], opened
    status, canceled, _ = coinbase(port, "DELETE", "/orders/" + order["id"])
    assert (status, canceled) == (200, order["id"]), canceled
    feed.receive_until("done", lambda f: f["type"] == "done" and f["order_id"] == order["id"])
    status, error, _ = coinbase(port, "DELETE", "/orders/" + order["id"])
    assert (status, error) == (400, {"message": "Order already done"}), error
    status, sold, _ = coinbase(port, "POST", "/orders", {"product_id": "BTC-USD", "side": "sell",
                                                        "type": "market", "size": "0.02"})
    assert status == 200, sold
    fills = coinbase(port, "GET", "/fills?order_id=" + sold["id"])[1]
    assert abs(sum(float(fill["size"]) for fill in fills) - 0.02) < 1e-12, fills


def survives_a_crash_of_its_actor():
    node = Exchange()
    port = node.binance
    status, order, _ = binance(port, "POST", "/api/v3/order", symbol="BTCUSDT", side="BUY",
                               type="LIMIT", timeInForce="GTC", quantity="0.01", price="20000")
    assert status == 200, order
    status, _ = node.call("/inspect/kill?path=exchange_sim/binance", method="POST", body=b"",
                          token=True)
    assert status == 200

    def working():
        status, orders, _ = binance(port, "GET", "/api/v3/openOrders", symbol="BTCUSDT")
        return [one for one in orders if one["orderId"] == order["orderId"]] if status == 200 else []

    found = until("the order after the crash", working)
    assert found[0]["status"] == "NEW", found


def faults_on_command():
    node = Exchange()
    port, other = node.binance, node.coinbase
    path = "/exchange-sim/faults"
    status, _ = node.call(path, method="POST", body=b"{}")
    assert status == 401, status

    node.order(venue="binance", error_status=503, error_count=2)
    assert port.call("GET", "/api/v3/ping")[0] == 503
    assert port.call("GET", "/api/v3/ping")[0] == 503
    assert port.call("GET", "/api/v3/ping")[0] == 200
    assert other.call("GET", "/time")[0] == 200
    node.order(clock_skew_ms=3_600_000)
    assert port.call("GET", "/api/v3/time")[1]["serverTime"] > (time.time() + 3_000) * 1000
    node.order(reply_delay="300ms")
    before = time.monotonic()
    assert other.call("GET", "/time")[0] == 200
    assert time.monotonic() - before >= 0.3
    node.order()
    stream = port.websocket("/ws/btcusdt@depth@100ms")
    stream.receive()
    node.order(disconnect=1)
    try:
        stream.receive_until("the end", lambda _: False)
        raise AssertionError("still connected")
    except ConnectionError:
        pass
    status, body = node.call(path, method="POST", body=b'{"error_status": 404}', token=True)
    assert status == 400 and "500 to 599" in body["error"]["message"], body


def serves_over_tls():
    authority = Certificates.find()
    if authority is None:
        print("     skipped: no openssl to make a certificate with")
        return
    port = Exchange(*tls(authority.sign("exchange", "IP:127.0.0.1")), context=authority.context()).binance
    assert port.url.startswith("https://"), port.url
    status, body, _ = port.call("GET", "/api/v3/ping")
    assert (status, body) == (200, {}), (status, body)
    authority.clean()


def refuses_bad_settings():
    command = [str(BIN / "troupe-node"), "--config", str(SOURCE / "configs/roles/exchange-sim.json"),
               "--check-config", "--set", 'exchange_sim.accounts=[{"key": "a"}]',
               "--set", "exchange_sim.binance.listen=nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * SLOW, check=False)
    assert done.returncode == 4, done
    assert "exchange_sim.accounts[0].secret" in done.stderr, done.stderr
    assert "exchange_sim.binance.listen" in done.stderr and "nowhere" in done.stderr, done.stderr


if __name__ == "__main__":
    main([binance_trades_and_streams, coinbase_trades_and_streams, survives_a_crash_of_its_actor,
          faults_on_command, serves_over_tls, refuses_bad_settings])
