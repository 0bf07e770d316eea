"""At least ten kinds of bad input to each surface give a clear error, and the node lives on."""
import gzip
import json
import os
import socket
import subprocess
import tempfile

from harness import BIN, SLOW, SOURCE, Node, WebSocket, main, until


def run_node(*arguments, config="configs/all-in-one.json"):
    command = [str(BIN / "troupe-node"), "--config", str(SOURCE / config), "--check-config", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20 * SLOW, check=False)


def config_is_refused_with_path_expected_and_found():
    assert run_node().returncode == 0, run_node().stderr
    directory = tempfile.mkdtemp(prefix="troupe-config-")
    files = {"broken.json": "{\"node\": ", "list.json": "[1]", "twice.json": "{\"api\": {}, \"api\": {}}",
             "unknown.json": "{\"nodes\": {}}"}
    for name, text in files.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
    cases = [
        (["--config", os.path.join(directory, "broken.json")], "broken.json"),
        (["--config", os.path.join(directory, "list.json")], "expected an object"),
        (["--config", os.path.join(directory, "twice.json")], "stands twice"),
        (["--config", os.path.join(directory, "unknown.json")], "nodes: expected one of the keys"),
        (["--config", os.path.join(directory, "absent.json")], "expected a readable file"),
        (["--set", "node.roles=[\"wizard\"]"], "node.roles[0]: expected one of"),
        (["--set", "api.listen=nowhere"], "api.listen: expected HOST:PORT"),
        (["--set", "api.listen=0.0.0.0:80"], "off loopback"),
        (["--set", "novalue"], "expected path=value"),
        (["--set", "venues=[{\"name\":\"X\",\"kind\":\"magic\"}]"], "venues[0]"),
        (["--set", "venues=[{\"name\":\"X\",\"kind\":\"sim\",\"sed\":1}]"], "venues[0].sed"),
        (["--set", "venues=[{\"kind\":\"sim\"}]"], "name"),
        (["--set", "market_data.intervals=[\"7m\"]"], "market_data.intervals"),
        (["--set", "cache.ttl=\"soon\""], "cache.ttl: expected a string (duration)"),
        (["--set", "log.level=loud"], "log.level: expected one of"),
        (["--nonsense"], "nonsense"),
    ]
    for arguments, expected in cases:
        run = run_node(*arguments)
        assert run.returncode == 4, (arguments, run.returncode, run.stderr)
        assert expected in run.stderr, (arguments, run.stderr)
        assert "Traceback" not in run.stderr and "terminate called" not in run.stderr, run.stderr
    shown = subprocess.run([str(BIN / "troupe-node"), "--config", str(SOURCE / "configs/all-in-one.json"),
                            "--set", "storage.url=sqlite:x", "--show-config"], capture_output=True, text=True,
                           timeout=20 * SLOW, check=False)
    assert shown.returncode == 0 and json.loads(shown.stdout)["storage"]["url"] == "sqlite:x", shown


def refuse(node, path, status, code, **more):
    got, body = node.call(path, **more)
    assert got == status, (path, got, body)
    error = body["error"]
    assert error["code"] == code and error["message"] and error["request_id"], (path, error)
    assert set(error) == {"code", "message", "details", "request_id", "retryable", "retry_after_ms"}, error
    return error


def paths_and_queries_are_refused():
    node = Node("all-in-one.json")
    until("serving", lambda: node.get("/data/ticker/BTC-USD"))
    for path, status, code in [
        ("/", 404, "NOT_FOUND"), ("/data", 404, "NOT_FOUND"), ("/data/ticker", 404, "NOT_FOUND"),
        ("/data/ticker/BTC-USD/x", 404, "NOT_FOUND"), ("/data/ticker/NOPE-USD", 404, "UNKNOWN_SYMBOL"),
        ("/data/ticker/BTC-USD.MARS", 404, "UNKNOWN_SYMBOL"), ("/data/ticker/btc-usd", 400, "INVALID_ARGUMENT"),
        ("/data/ticker/%00", 400, None), ("/data/ticker/%zz", 400, None), ("/data/ticker/%ff%fe", 400, None),
        ("/../etc/passwd", 404, None), ("/data/ticker/" + "A" * 5000, 400, None),
        ("/regime/current/NOPE-USD", 404, "UNKNOWN_SYMBOL"), ("/regime/current/x", 400, "INVALID_ARGUMENT"),
    ]:
        got, body = node.call(path)
        assert got in (status, 400, 404) and "error" in body, (path, got, body)
        assert code is None or (got, body["error"]["code"]) == (status, code), (path, got, body)
    history = "/data/historical/BTC-USD?"
    for query, expected in [
        ("interval=7m", "interval"), ("interval=", "interval"), ("limit=0", "limit"), ("limit=1001", "limit"),
        ("limit=-1", "limit"), ("limit=ten", "limit"), ("limit=5&limit=6", "limit"), ("start=yesterday", "start"),
        ("end=2024-13-01T00:00:00Z", "end"), ("start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z", "start"),
        ("colour=red", "colour"), ("cursor=%21%21", "cursor"), ("symbol=ETH-USD", "symbol"),
    ]:
        error = refuse(node, history + query, 400, "INVALID_ARGUMENT")
        assert expected in error["message"], (query, error)
    for query in ("depth=0", "depth=1001", "depth=x", "depth=1.5", "dept=5"):
        refuse(node, "/data/orderbook/BTC-USD?" + query, 400, "INVALID_ARGUMENT")
    assert node.get("/data/ticker/BTC-USD")["meta"]["quality"] == "live"


def methods_bodies_and_headers_are_refused():
    node = Node("all-in-one.json")
    until("serving", lambda: node.get("/data/ticker/BTC-USD"))
    refuse(node, "/data/ticker/BTC-USD", 405, "METHOD_NOT_ALLOWED", method="POST", body=b"{}")
    refuse(node, "/data/ticker/BTC-USD", 405, "METHOD_NOT_ALLOWED", method="DELETE")
    refuse(node, "/inspect/restart?path=x", 401, "UNAUTHENTICATED", method="POST", body=b"")
    refuse(node, "/inspect/restart?path=x", 401, "UNAUTHENTICATED", method="POST", body=b"", token="wrong")
    refuse(node, "/inspect/restart?path=x", 404, "NOT_FOUND", method="POST", body=b"", token=True)
    refuse(node, "/inspect/restart", 400, "INVALID_ARGUMENT", method="POST", body=b"", token=True)
    refuse(node, "/inspect/restart?path=x", 413, "BODY_TOO_LARGE", method="POST", body=b"x" * 2_000_000, token=True)
    refuse(node, "/data/ticker/BTC-USD", 403, "FORBIDDEN", headers={"Host": "evil.example"})
    refuse(node, "/data/ticker/BTC-USD", 431, "HEADERS_TOO_LARGE", headers={"X-Big": "x" * 20_000})
    host, port = node.address()
    good = f"Host: {host}:{port}\r\n"
    for raw, status in [
        (b"\r\n\r\n\x00\x01garbage\r\n\r\n", 400), (b"GET\r\n\r\n", 400), (b"GET / HTTP/9.9\r\n\r\n", None),
        (f"GET  /health/live HTTP/1.1\r\n{good}\r\n".encode(), 400),
        (b"GET /health/live HTTP/1.1\r\n\r\n", 400),
        (f"GET /health/live HTTP/1.1\r\n{good}Bad Header\r\n\r\n".encode(), 400),
        (f"GET /health/live HTTP/1.1\r\n{good}X: a\x00b\r\n\r\n".encode(), 400),
        (f"BREW /health/live HTTP/1.1\r\n{good}\r\n".encode(), None),
        (f"POST /inspect/kill HTTP/1.1\r\n{good}Content-Length: -5\r\n\r\n".encode(), 400),
        (f"POST /inspect/kill HTTP/1.1\r\n{good}Content-Length: 5\r\nContent-Length: 6\r\n\r\n".encode(), 400),
        (f"POST /inspect/kill HTTP/1.1\r\n{good}Transfer-Encoding: chunked\r\n\r\nzz\r\n".encode(), None),
        (f"GET /{'a' * 9000} HTTP/1.1\r\n{good}\r\n".encode(), 414),
    ]:
        with socket.create_connection((host, port), timeout=10 * SLOW) as connection:
            connection.sendall(raw)
            reply = connection.recv(65536)
            code = int(reply.split()[1])
            assert 400 <= code < 600 and (status is None or code == status), (raw[:60], reply[:200])
            assert b'"code"' in reply or code == 401, (raw[:60], reply[:300])
    assert node.get("/data/ticker/BTC-USD")["meta"]["quality"] == "live"


def websocket_frames_are_refused():
    node = Node("all-in-one.json")
    until("serving", lambda: node.get("/data/ticker/BTC-USD"))
    socket_ = WebSocket(node, "/data/stream")
    for text, code in [
        ("", "MALFORMED_REQUEST"), ("not json", "MALFORMED_REQUEST"), ("[]", "INVALID_ARGUMENT"),
        ("{}", "INVALID_ARGUMENT"), ('{"op":"fly"}', "INVALID_ARGUMENT"),
        ('{"op":"subscribe","channel":"gossip","symbols":["BTC-USD"]}', "INVALID_ARGUMENT"),
        ('{"op":"subscribe","channel":"ticker","symbols":[]}', "INVALID_ARGUMENT"),
        ('{"op":"subscribe","channel":"ticker","symbols":["nope"]}', "INVALID_ARGUMENT"),
        ('{"op":"subscribe","channel":"ticker","symbols":["NOPE-USD"]}', "UNKNOWN_SYMBOL"),
        ('{"op":"subscribe","channel":"bars","symbols":["BTC-USD"],"interval":"7m"}', "INVALID_ARGUMENT"),
        ('{"op":"ping","op":"ping"}', "MALFORMED_REQUEST"), ("[" * 200, "MALFORMED_REQUEST"),
    ]:
        socket_.send(text)
        reply = socket_.receive_until("an error", lambda m: m["type"] == "error")
        assert reply["error"]["code"] == code and reply["error"]["message"], (text, reply)
    socket_.send({"op": "ping", "id": 1})
    socket_.receive_until("pong", lambda m: m["type"] == "pong")
    for send, close in [
        (lambda s: s.send_frame(1, b"hello", masked=False), 1002), (lambda s: s.send_frame(1, b"\xff\xfe"), 1007),
        (lambda s: s.send_frame(1, b"x" * 70_000), 1009), (lambda s: s.send_frame(3, b""), 1002),
        (lambda s: s.send_frame(9, b"x" * 126), 1002), (lambda s: s.send_frame(0, b"x"), 1002),
        (lambda s: s.send_frame(8, b"\x03"), 1002), (lambda s: s.send_frame(9, b"", fin=False), 1002),
    ]:
        bad = WebSocket(node, "/data/stream")
        send(bad)
        try:
            while True:
                bad.receive()
        except ConnectionError as error:
            assert f"closed {close}" in str(error), (close, str(error))
    assert WebSocket(node, "/no/such/stream").status == 404
    assert WebSocket(node, "/data/stream", headers=["Origin: https://evil.example"]).status == 403
    assert node.get("/data/ticker/BTC-USD")["meta"]["quality"] == "live"


def csv_files_are_refused_with_their_line():
    directory = tempfile.mkdtemp(prefix="troupe-csv-")
    head = "timestamp,open,high,low,close,volume\n"
    row = "2024-01-01T00:00:00Z,1,2,0.5,1.5,10\n"
    trades = "trade_ms,trade_id,price,qty,buyer_is_maker\n"
    cases = [
        ("BTCUSDT_1h_a.csv", "", None), ("BTCUSDT_1h_b.csv", "a,b,c\n1,2,3\n", None),
        ("BTCUSDT_1h_c.csv", head + "2024-01-01T00:00:00Z,1,2,0.5\n" + row, ":2"),
        ("BTCUSDT_1h_d.csv", head + row + "yesterday,1,2,0.5,1.5,10\n", ":3"),
        ("BTCUSDT_1h_e.csv", head + "2024-01-01T00:00:00Z,one,2,0.5,1.5,10\n" + row, ":2"),
        ("BTCUSDT_1h_f.csv", head + "2024-01-01T00:00:00Z,1,0.5,2,1.5,10\n" + row, ":2"),
        ("BTCUSDT_1h_g.csv", head + "2024-01-01T00:00:00Z,-1,2,0.5,1.5,10\n" + row, ":2"),
        ("BTCUSDT_1h_h.csv", head + "2024-01-01T00:00:00Z,1,2,0.5,1.5,-10\n" + row, ":2"),
        ("btcusdt_trades_i.csv", trades + "1704067200000,1,1e99,1,0\n1704067201000,2,5,1,0\n", ":2"),
        ("btcusdt_trades_j.csv", trades + "1704067200000,1,5,0,0\n1704067201000,2,5,1,0\n", ":2"),
        ("btcusdt_trades_k.csv.gz", None, None), ("absent.csv", None, None),
    ]
    for name, text, line in cases:
        path = os.path.join(directory, name)
        if name.endswith(".gz"):
            with open(path, "wb") as file:
                file.write(gzip.compress((trades + "1704067200000,1,5,1,0\n" * 9).encode())[:40])
        elif text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        kind = "trades" if "trades" in name else "bars"
        entry = {"path": path, "instrument": "BTC-USDT", "type": kind}
        if kind == "bars":
            entry["interval"] = "1h"
        venues = json.dumps([{"name": "REPLAY", "kind": "replay", "speed": 0, "files": [entry]}])
        try:
            node = Node("all-in-one.json", f"venues={venues}", wait=20)
        except AssertionError as error:
            assert name in str(error) and "expected" in str(error), (name, str(error)[-600:])
            continue
        wanted = name + (line or "")
        until(f"{wanted} is named in the log", lambda: wanted in node.logged())
        assert node.call("/health/live")[0] == 200, name
        node.clean()


def replay_arguments_are_refused():
    directory = tempfile.mkdtemp(prefix="troupe-replay-")
    strange = os.path.join(directory, "prices.csv")
    with open(strange, "w", encoding="utf-8") as file:
        file.write("when,what\n1,2\n")
    for path in (strange, os.path.join(directory, "absent.csv")):
        run = run_node("--replay", path)
        assert run.returncode == 4 and path in run.stderr and "expected" in run.stderr, run


if __name__ == "__main__":
    main([config_is_refused_with_path_expected_and_found, paths_and_queries_are_refused,
          methods_bodies_and_headers_are_refused, websocket_frames_are_refused,
          csv_files_are_refused_with_their_line, replay_arguments_are_refused])
