"""The exchange simulator as a process, and a client of its two sides: calls, signatures, streams, faults,
certificates for TLS, and books kept by the venues' own rules to compare with."""
import base64
import hashlib
import hmac
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal

from harness import SLOW, Node, WebSocket, until

KEY = "demo-key"
SECRET = "ZGVtby1zZWNyZXQtb2YtdGhlLWV4Y2hhbmdlLXNpbXVsYXRvcg=="
PHRASE = "demo-passphrase"


class Port:
    """A venue's port, for harness.WebSocket too."""

    def __init__(self, url, context=None):
        self.url, self.context = url, context

    def address(self):
        host, port = self.url.split("//")[1].rsplit(":", 1)
        return host, int(port)

    def websocket(self, path, timeout=60.0):
        if self.context is None:
            return WebSocket(self, path, timeout=timeout)
        host, port = self.address()
        made = WebSocket.__new__(WebSocket)
        plain = socket.create_connection((host, port), timeout=timeout * SLOW)
        made.start(self.context.wrap_socket(plain, server_hostname=host), host, port, path)
        return made

    def call(self, method, target, headers=None, body=None):
        request = urllib.request.Request(self.url + target, data=body, method=method, headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=self.context))
        try:
            with opener.open(request, timeout=60 * SLOW) as reply:
                return reply.status, json.loads(reply.read() or b"null"), reply.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null"), error.headers

    def get(self, target):
        status, body, _ = self.call("GET", target)
        assert status == 200, (target, status, body)
        return body


class Exchange(Node):
    """A node with the role exchange-sim; its sides are `binance` and `coinbase`."""

    def __init__(self, *sets, name="exchange", binance=0, coinbase=0, context=None, **more):
        super().__init__("roles/exchange-sim.json", f"exchange_sim.binance.listen=127.0.0.1:{binance}",
                         f"exchange_sim.coinbase.listen=127.0.0.1:{coinbase}", "exchange_sim.warm_history=false",
                         "exchange_sim.history=30d", *sets, name=name, **more)
        ready = next(line for line in self.logged().split("\n") if line.startswith("ready "))
        fields = dict(part.split("=", 1) for part in ready.split()[1:])
        self.binance, self.coinbase = (Port(fields[side], context) for side in ("binance", "coinbase"))

    def order(self, **faults):
        """Orders faults; without any, ends them all."""
        status, body = self.call("/exchange-sim/faults", method="POST", body=json.dumps(faults).encode(), token=True)
        assert status == 200, body

    def traffic(self):
        return self.get("/exchange-sim/traffic")["data"]


def binance(port, method, path, **parameters):
    """A signed call."""
    parameters["timestamp"] = int(time.time() * 1000)
    query = urllib.parse.urlencode(parameters)
    mark = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    return port.call(method, f"{path}?{query}&signature={mark}", {"X-MBX-APIKEY": KEY})


def coinbase_mark(text):
    mark = hmac.new(base64.b64decode(SECRET), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(mark).decode()


def coinbase(port, method, target, body=None):
    """A signed call."""
    stamp = str(time.time())
    data = json.dumps(body).encode() if body is not None else None
    headers = {"CB-ACCESS-KEY": KEY, "CB-ACCESS-SIGN": coinbase_mark(stamp + method + target + (data or b"").decode()),
               "CB-ACCESS-TIMESTAMP": stamp, "CB-ACCESS-PASSPHRASE": PHRASE,
               "Content-Type": "application/json"}
    return port.call(method, target, headers, data)


class Certificates:
    """A certificate authority of a test's own; `find` is None where there is no openssl program."""

    @staticmethod
    def find():
        return Certificates() if shutil.which("openssl") else None

    def __init__(self, name="test authority"):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="troupe-ca-"))
        self.ca = self.root / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", "ca.key", "-out", "ca.pem")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.root)

    def sign(self, name, alternatives):
        """(certificate, key) for a server of these names, such as "IP:127.0.0.1"."""
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr")
        (self.root / "extensions").write_text(f"subjectAltName={alternatives}\n")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", "2", "-extfile", "extensions", "-out", f"{name}.pem")
        return self.root / f"{name}.pem", self.root / f"{name}.key"

    def context(self):
        return ssl.create_default_context(cafile=str(self.ca))

    def clean(self):
        shutil.rmtree(self.root, ignore_errors=True)


def tls(pair):
    certificate, key = pair
    return (f"exchange_sim.tls.certificate={certificate}", f"exchange_sim.tls.key={key}")


class Mirror(threading.Thread):
    """Follows one book by the venue's own rules and remembers it after each message: `states` has
    (bids, asks), each a sorted list of decimals as a reader shows them, by what names the moment."""

    KEPT = 3000

    def __init__(self, port, symbol):
        super().__init__(daemon=True)
        self.port, self.symbol = port, symbol
        self.sides = ({}, {})
        self.states = {}
        self.problem = None
        self.ended = threading.Event()

    def run(self):
        try:
            self.follow()
        except Exception as error:  # shown by whoever compares
            if not self.ended.is_set():
                self.problem = repr(error)

    def set(self, side, price, size):
        price, size = Decimal(price), Decimal(size)
        if size:
            self.sides[side][price] = size
        else:
            self.sides[side].pop(price, None)

    def remember(self, key):
        self.states[key] = (sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items()))
        if len(self.states) > self.KEPT:
            del self.states[next(iter(self.states))]

    def close(self):
        self.ended.set()
        self.join(30 * SLOW)


class BinanceMirror(Mirror):
    def follow(self):
        stream = self.port.websocket(f"/ws/{self.symbol.lower()}@depth@100ms")
        first = stream.receive()
        book = self.port.get(f"/api/v3/depth?symbol={self.symbol}&limit=5000")
        while book["lastUpdateId"] < first["U"]:
            book = self.port.get(f"/api/v3/depth?symbol={self.symbol}&limit=5000")
        for side, name in enumerate(("bids", "asks")):
            for price, size in book[name]:
                self.set(side, price, size)
        last, event = book["lastUpdateId"], first
        while not self.ended.is_set():
            if event["u"] > last:
                assert event["U"] <= last + 1, (event["U"], last)
                for side, name in enumerate(("b", "a")):
                    for price, size in event[name]:
                        self.set(side, price, size)
                last = event["u"]
                self.remember(last)
            event = stream.receive()

    @staticmethod
    def key_of(data):
        return data["sequence"]


class CoinbaseMirror(Mirror):
    def follow(self):
        stream = self.port.websocket("/")
        stream.send({"type": "subscribe", "product_ids": [self.symbol], "channels": ["level2_batch"]})
        while not self.ended.is_set():
            frame = stream.receive()
            if frame["type"] == "snapshot":
                for side, name in enumerate(("bids", "asks")):
                    for price, size in frame[name]:
                        self.set(side, price, size)
            elif frame["type"] == "l2update":
                for side, price, size in frame["changes"]:
                    self.set(0 if side == "buy" else 1, price, size)
            if "time" in frame:
                self.remember(frame["time"].rstrip("Z"))

    @staticmethod
    def key_of(data):
        return data["ts_event"].rstrip("Z")[:26]  # microseconds


class BrokenBook(Exception):
    """Not an AssertionError: nothing to be asked again."""


def levels(data, name):
    return [(Decimal(price), Decimal(size)) for price, size in data[name]]


def check_sound(data):
    """No reader ever sees anything else."""
    bids, asks = levels(data, "bids"), levels(data, "asks")
    prices = [price for price, _ in bids]
    if prices != sorted(set(prices), reverse=True):
        raise BrokenBook(f"bids out of order: {prices[:5]}")
    prices = [price for price, _ in asks]
    if prices != sorted(set(prices)):
        raise BrokenBook(f"asks out of order: {prices[:5]}")
    if any(size <= 0 for _, size in bids + asks):
        raise BrokenBook("a size that is not positive")
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise BrokenBook(f"crossed: {bids[0]} {asks[0]}")
    return bids, asks


def equal_books(node, instrument, mirror, times=5, audited_within=0.0):
    """Compares the node's book with the mirror's of the same moment, several different ones. A stream without
    numbers may have lost something that an audit finds within `audited_within` seconds, and no later."""
    seen, begun = set(), time.monotonic()

    def compare():
        assert mirror.problem is None, mirror.problem
        body = node.get(f"/data/orderbook/{instrument}?depth=1000")
        bids, asks = check_sound(body["data"])
        assert body["meta"]["quality"] == "live", body["meta"]
        key = mirror.key_of(body["data"])
        assert key in mirror.states, f"{key} not seen by the mirror"
        if mirror.states[key] != (bids, asks):
            theirs = mirror.states[key]
            if time.monotonic() - begun < audited_within * SLOW:
                seen.clear()
                return False
            raise BrokenBook(f"{instrument} differs at {key}: {set(bids) ^ set(theirs[0])} {set(asks) ^ set(theirs[1])}")
        seen.add(key)
        return len(seen) >= times
    until(f"{times} moments of {instrument} equal to the exchange's", compare, 60)


class Readers(threading.Thread):
    """Reads books and tickers all the time; `wrong` has what no reader may see, `qualities` what each path said,
    with the time of each change."""

    def __init__(self, node, instruments):
        super().__init__(daemon=True)
        self.node = node
        self.paths = [f"/data/{what}/{one}" for one in instruments for what in ("orderbook", "ticker")]
        self.wrong = []
        self.replies = 0
        self.qualities = {path: [] for path in self.paths}
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            for path in self.paths:
                try:
                    self.look(path)
                except Exception as error:  # every kind is the reader's problem
                    self.wrong.append((path, repr(error)))
            time.sleep(0.02)

    def look(self, path):
        status, body = self.node.call(path)
        self.replies += 1
        quality = body["meta"]["quality"] if status == 200 else body["error"]["code"]
        if status not in (200, 503):
            self.wrong.append((path, status, body))
        elif status == 200 and "orderbook" in path:
            check_sound(body["data"])
        elif status == 200 and body["data"]["bid"] and body["data"]["ask"]:
            if Decimal(body["data"]["bid"]) >= Decimal(body["data"]["ask"]):
                self.wrong.append((path, "crossed", body["data"]))
        told = self.qualities[path]
        if not told or told[-1][1] != quality:
            told.append((time.monotonic(), quality))

    def said_since(self, instrument, since):
        """What was said of the instrument's book after `since`, the state at `since` included."""
        told = self.qualities[f"/data/orderbook/{instrument}"]
        before = [quality for at, quality in told if at <= since][-1:]
        return before + [quality for at, quality in told if at > since]

    def is_live(self):
        return all(told and told[-1][1] == "live" for told in self.qualities.values())

    def finish(self):
        self.ended.set()
        self.join(30 * SLOW)
        assert not self.wrong, self.wrong[:3]
