"""The exchange simulator over its own ports, spoken to as clients of the two venues do: signed
requests, orders, streams, faults, TLS."""
import base64
import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from harness import BIN, SLOW, SOURCE, Node, WebSocket, main, until

KEY = "demo-key"
SECRET = "ZGVtby1zZWNyZXQtb2YtdGhlLWV4Y2hhbmdlLXNpbXVsYXRvcg=="
PHRASE = "demo-passphrase"
FREE = ("exchange_sim.binance.listen=127.0.0.1:0", "exchange_sim.coinbase.listen=127.0.0.1:0",
        "exchange_sim.warm_history=false", "exchange_sim.history=30d")


class Port:
    """A venue's port, for harness.WebSocket."""

    def __init__(self, url):
        self.url = url

    def address(self):
        host, port = self.url.split("//")[1].rsplit(":", 1)
        return host, int(port)

    def call(self, method, target, headers=None, body=None, context=None):
        request = urllib.request.Request(self.url + target, data=body, method=method,
                                         headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=60 * SLOW) as reply:
                return reply.status, json.loads(reply.read() or b"null"), reply.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null"), error.headers


def start(*sets):
    node = Node("roles/exchange-sim.json", *FREE, *sets, name="exchange")
    fields = dict(part.split("=", 1) for part in node.logged().split("\n")[0].split() if "=" in part)
    return node, Port(fields["binance"]), Port(fields["coinbase"])


def binance(port, method, path, **parameters):
    """A signed call."""
    parameters["timestamp"] = int(time.time() * 1000)
    query = urllib.parse.urlencode(parameters)
    mark = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    return port.call(method, f"{path}?{query}&signature={mark}", {"X-MBX-APIKEY": KEY})


def coinbase(port, method, target, body=None):
    """A signed call."""
    stamp = str(time.time())
    data = json.dumps(body).encode() if body is not None else None
    text = stamp + method + target + (data or b"").decode()
    mark = hmac.new(base64.b64decode(SECRET), text.encode(), hashlib.sha256).digest()
    headers = {"CB-ACCESS-KEY": KEY, "CB-ACCESS-SIGN": base64.b64encode(mark).decode(),
               "CB-ACCESS-TIMESTAMP": stamp, "CB-ACCESS-PASSPHRASE": PHRASE,
               "Content-Type": "application/json"}
    return port.call(method, target, headers, data)


def binance_trades_and_streams():
    _, port, _ = start()
    status, info, headers = port.call("GET", "/api/v3/exchangeInfo?symbol=BTCUSDT")
    assert status == 200 and info["symbols"][0]["symbol"] == "BTCUSDT", info
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) >= 20, headers
    status, key, _ = port.call("POST", "/api/v3/userDataStream", {"X-MBX-APIKEY": KEY})
    assert status == 200, key
    user = WebSocket(port, "/ws/" + key["listenKey"], timeout=60.0)
    market = WebSocket(port, "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker", timeout=60.0)
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
    _, _, port = start()
    status, products, _ = port.call("GET", "/products")
    assert status == 200 and "BTC-USD" in [one["id"] for one in products], products
    feed = WebSocket(port, "/", timeout=60.0)
    stamp = str(time.time())
    mark = hmac.new(base64.b64decode(SECRET), (stamp + "GET/users/self/verify").encode(),
                    hashlib.sha256).digest()
    feed.send({"type": "subscribe", "product_ids": ["BTC-USD"],
               "channels": ["level2_batch", "user", "heartbeat"], "key": KEY, "passphrase": PHRASE,
               "timestamp": stamp, "signature": base64.b64encode(mark).decode()})
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
    node, port, _ = start()
    status, order, _ = binance(port, "POST", "/api/v3/order", symbol="BTCUSDT", side="BUY",
                               type="LIMIT", timeInForce="GTC", quantity="0.01", price="20000")
    assert status == 200, order
    status, _ = node.call("/inspect/kill?path=exchange_sim/binance", method="POST", body=b"",
                          token=True)
    assert status == 200
    found = until("the order after the crash", lambda: [
        one for one in binance(port, "GET", "/api/v3/openOrders", symbol="BTCUSDT")[1]
        if one["orderId"] == order["orderId"]])
    assert found[0]["status"] == "NEW", found


def faults_on_command():
    node, port, other = start()
    path = "/exchange-sim/faults"
    status, _ = node.call(path, method="POST", body=b"{}")
    assert status == 401, status

    def order(**faults):
        status, body = node.call(path, method="POST", body=json.dumps(faults).encode(), token=True)
        assert status == 200, body
        return body
    order(venue="binance", error_status=503, error_count=2)
    assert port.call("GET", "/api/v3/ping")[0] == 503
    assert port.call("GET", "/api/v3/ping")[0] == 503
    assert port.call("GET", "/api/v3/ping")[0] == 200
    assert other.call("GET", "/time")[0] == 200
    order(clock_skew_ms=3_600_000)
    assert port.call("GET", "/api/v3/time")[1]["serverTime"] > (time.time() + 3_000) * 1000
    order(reply_delay="300ms")
    before = time.monotonic()
    assert other.call("GET", "/time")[0] == 200
    assert time.monotonic() - before >= 0.3
    order()
    stream = WebSocket(port, "/ws/btcusdt@depth@100ms", timeout=60.0)
    stream.receive()
    order(disconnect=1)
    try:
        stream.receive_until("the end", lambda _: False)
        raise AssertionError("still connected")
    except ConnectionError:
        pass
    status, body = node.call(path, method="POST", body=b'{"error_status": 404}', token=True)
    assert status == 400 and "500 to 599" in body["error"]["message"], body


def serves_over_tls():
    if not shutil.which("openssl"):
        print("skipped: no openssl to make a certificate with")
        return
    folder = tempfile.mkdtemp(prefix="troupe-tls-")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"],
                   check=True, capture_output=True)
    _, port, _ = start(f"exchange_sim.tls.certificate={folder}/cert.pem",
                       f"exchange_sim.tls.key={folder}/key.pem")
    assert port.url.startswith("https://"), port.url
    context = ssl.create_default_context(cafile=folder + "/cert.pem")
    status, body, _ = port.call("GET", "/api/v3/ping", context=context)
    assert (status, body) == (200, {}), (status, body)
    shutil.rmtree(folder)


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
