"""The API's edge on a running node: TLS, rate limits, clients that hoard, drip and never read."""
import http.client
import json
import os
import socket
import ssl
import subprocess
import tempfile
import time

from harness import SLOW, Node, WebSocket, main, until

TICKER = "/data/ticker/BTC-USD"


def certificate(directory):
    """A self-signed certificate of localhost: (certificate, key), PEM files."""
    files = [os.path.join(directory, name) for name in ("api.pem", "api.key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def https_get(node, context, path, headers=None):
    host, port = node.address()
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=10 * SLOW)
    try:
        connection.request("GET", path, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def the_api_speaks_tls_when_told_to():
    directory = tempfile.mkdtemp(prefix="troupe-tls-")
    pem, key = certificate(directory)
    node = Node("all-in-one.json", f"api.tls.certificate={pem}", f"api.tls.key={key}", "api.header_timeout=1s")
    assert node.api.startswith("https://"), node.api
    context = ssl.create_default_context(cafile=pem)
    until("a ticker over TLS", lambda: https_get(node, context, TICKER)[0] == 200)
    assert https_get(node, context, TICKER)[1]["meta"]["request_id"]
    host, port = node.address()
    # who does not trust the certificate does not get far, nor does one who speaks no TLS or an old one
    try:
        https_get(node, ssl.create_default_context(), TICKER)
        raise AssertionError("an unknown certificate was taken")
    except ssl.SSLCertVerificationError:
        pass
    with socket.create_connection((host, port), timeout=10 * SLOW) as plain:
        plain.sendall(f"GET {TICKER} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b"200 OK" not in read_all(plain)
    old = ssl.create_default_context(cafile=pem)
    old.minimum_version = ssl.TLSVersion.TLSv1_1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        https_get(node, old, TICKER)
        raise AssertionError("TLS 1.1 was spoken")
    except (ssl.SSLError, ConnectionError):
        pass
    # one who connects and never shakes hands is shown out, and the others do not notice
    with socket.create_connection((host, port), timeout=10 * SLOW) as silent:
        assert https_get(node, context, TICKER)[0] == 200
        assert read_all(silent) == b""
    stream_over_tls(node, context)


def read_all(connection):
    """What comes until the other side closes."""
    got = b""
    try:
        while data := connection.recv(65536):
            got += data
    except ConnectionError:
        pass
    return got


def stream_over_tls(node, context):
    host, port = node.address()
    with context.wrap_socket(socket.create_connection((host, port), timeout=10 * SLOW), server_hostname=host) as tls:
        stream = WebSocket.__new__(WebSocket)
        stream.start(tls, host, port, "/data/stream")
        assert stream.status == 101, stream.status
        stream.send({"op": "subscribe", "channel": "ticker", "symbols": ["BTC-USD"]})
        stream.receive_until("news over TLS", lambda m: m.get("channel") == "ticker" and m["type"] != "subscribed")


def callers_over_their_rate_get_429():
    node = Node("all-in-one.json", 'api.rate_limits.read={"requests":20,"per":"1h"}')
    replies = [node.call(TICKER) for _ in range(21)]
    assert [status for status, _ in replies[:20]].count(429) == 0, replies
    status, body = replies[20]
    error = body["error"]
    assert status == 429 and error["code"] == "RATE_LIMITED" and error["retryable"], replies[20]
    assert 0 < error["retry_after_ms"] <= 180_000 and "20 requests in 1h" in error["message"], error
    host, port = node.address()
    connection = http.client.HTTPConnection(host, port, timeout=10 * SLOW)
    connection.request("GET", TICKER)
    reply = connection.getresponse()
    assert reply.status == 429 and 1 <= int(reply.headers["Retry-After"]) <= 180, dict(reply.headers)
    assert WebSocket(node, "/data/stream").status == 429
    # the token has an allowance of its own
    assert node.call("/metrics", token=True, raw=True)[0] == 200
    text = node.call("/metrics", token=True, raw=True)[1].decode()
    assert "troupe_http_rate_limited_total" in text, text[-500:]


def hoards_and_drips_leave_the_others_served():
    node = Node("all-in-one.json", "api.header_timeout=2s", "api.write_timeout=2s", "api.connections_per_address_max=600")
    until("serving", lambda: node.get(TICKER))
    host, port = node.address()
    before = node.rss_mb()
    hoard = [socket.create_connection((host, port), timeout=10 * SLOW) for _ in range(400)]
    head = f"GET {TICKER} HTTP/1.1\r\nHost: {host}:{port}\r\nX-Drip: ".encode()
    for connection in hoard[::2]:
        connection.sendall(head)
    greedy = socket.create_connection((host, port), timeout=10 * SLOW)
    for _ in range(200):  # asks without end and never reads
        try:
            greedy.sendall(f"GET /openapi.json HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode() * 10)
        except OSError:
            break
        greedy.setblocking(False)
    started = time.monotonic()
    while time.monotonic() - started < 1.5:
        for connection in hoard[::8]:
            try:
                connection.sendall(b"a")
            except OSError:
                pass
        assert node.get(TICKER)["meta"]["quality"] == "live"
    assert node.rss_mb() < before + 100, (before, node.rss_mb())
    for connection in hoard:
        connection.settimeout(15 * SLOW)
        answer = read_all(connection)
        assert answer == b"" or b" 408 " in answer[:20], answer[:100]
    assert node.get(TICKER)["meta"]["quality"] == "live"


if __name__ == "__main__":
    main([the_api_speaks_tls_when_told_to, callers_over_their_rate_get_429, hoards_and_drips_leave_the_others_served])
