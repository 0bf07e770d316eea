"""Starts real nodes on loopback and free ports, talks to them as users do, stops them by their own
pid. Standard library only."""
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SOURCE = pathlib.Path(os.environ.get("TROUPE_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("TROUPE_BIN_DIR", SOURCE / "build/release/bin"))
SHARED = SOURCE.parent / "shared"
# Sanitized builds are several times slower; deadlines stretch with them.
SLOW = float(os.environ.get("TROUPE_TEST_SLOWNESS", "1"))


def until(what, check, seconds=20.0, every_s=0.02):
    """Polls `check` until it returns something true; the deadline is part of the check."""
    end = time.monotonic() + seconds * SLOW
    last = None
    while time.monotonic() < end:
        try:
            last = check()
            if last:
                return last
        except (OSError, http.client.HTTPException, KeyError, AssertionError, ValueError) as error:
            last = repr(error)
        time.sleep(every_s)
    raise AssertionError(f"never within {seconds * SLOW:.0f} s: {what} (last: {str(last)[:300]})")


class Node:
    """A troupe-node process with a data directory of its own."""

    def __init__(self, config, *sets, name="test", extra=(), data_dir=None, state_home=None,
                 api="127.0.0.1:0", cluster="127.0.0.1:0", wait=30.0, prefix=()):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="troupe-test-"))
        self.data = pathlib.Path(data_dir) if data_dir else self.root / "data"
        self.name = name
        command = [*prefix, str(BIN / "troupe-node"), "--config", str(SOURCE / "configs" / config),
                   "--set", f"node.name={name}", "--set", f"node.data_dir={self.data}",
                   "--set", f"api.listen={api}", "--set", f"cluster.listen={cluster}"]
        for one in sets:
            command += ["--set", one]
        command += list(extra)
        environment = dict(os.environ)
        environment["XDG_STATE_HOME"] = str(state_home or STATE_HOME)
        self.out = open(self.root / "out", "w+", encoding="utf-8")
        self.log = open(self.root / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=self.out, stderr=self.log, env=environment)
        NODES.append(self)
        self.api = self.cluster = None
        end = time.monotonic() + wait * SLOW
        while time.monotonic() < end and self.process.poll() is None:
            match = re.search(r"^ready .*$", (self.root / "out").read_text(), re.M)
            if match:
                fields = dict(part.split("=", 1) for part in match[0].split()[1:])
                self.api, self.cluster = fields.get("api"), fields.get("cluster")
                return
            time.sleep(0.02)
        raise AssertionError(f"{name} did not get ready:\n" + self.logged()[-3000:])

    def logged(self):
        return (self.root / "out").read_text() + (self.root / "log").read_text()

    def token(self):
        return (self.data / "token").read_text().strip()

    def call(self, path, method=None, body=None, token=None, headers=None, timeout=10.0, raw=False):
        """(status, parsed body); raises OSError where there is no answer."""
        send = dict(headers or {})
        if token:
            send["Authorization"] = f"Bearer {self.token() if token is True else token}"
        if body is not None:
            send.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.api + path, data=body, method=method, headers=send)
        try:
            with urllib.request.urlopen(request, timeout=timeout * SLOW) as reply:
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, text if raw else json.loads(text)

    def get(self, path):
        """The body of a 200; AssertionError otherwise."""
        status, body = self.call(path)
        assert status == 200, f"{path}: {status} {body}"
        return body

    def rss_mb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def address(self):
        host, port = self.api.split("//")[1].rsplit(":", 1)
        return host, int(port)

    def send_signal(self, what):
        self.process.send_signal(what)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, how=signal.SIGTERM, seconds=10.0):
        """(exit code, seconds it took)."""
        started = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(seconds * SLOW), time.monotonic() - started

    def clean(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()
        self.log.close()
        shutil.rmtree(self.root, ignore_errors=True)


NODES = []
STATE_HOME = tempfile.mkdtemp(prefix="troupe-state-")


def inspector(node, *arguments, timeout=20.0):
    """Runs actor-inspector against a node."""
    return subprocess.run([str(BIN / "actor-inspector"), "--node", node.api, *arguments],
                          capture_output=True, text=True, timeout=timeout * SLOW, check=False)


class WebSocket:
    """A small RFC 6455 client that can also misbehave."""

    def __init__(self, node, path, headers=(), timeout=10.0):
        host, port = node.address()
        self.start(socket.create_connection((host, port), timeout=timeout * SLOW), host, port, path, headers)

    def start(self, connection, host, port, path, headers=()):
        """The upgrade, over a connection that is there already."""
        self.socket = connection
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                 *headers]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        return data

    def _take(self, count):
        while len(self.buffer) < count:
            self.buffer += self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send_frame(self, opcode, payload, fin=True, masked=True):
        head = bytes([(0x80 if fin else 0) | opcode])
        size = len(payload)
        bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", size)
        if masked:
            mask = os.urandom(4)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
            head += mask
        self.socket.sendall(head + payload)

    def send(self, value):
        self.send_frame(1, value.encode() if isinstance(value, str) else json.dumps(value).encode())

    def receive_frame(self):
        first, second = self._take(2)
        size = second & 127
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        return first & 15, self._take(size)

    def receive(self):
        """The next text as JSON; pings are answered; ConnectionError with the code when closed."""
        while True:
            opcode, payload = self.receive_frame()
            if opcode == 9:
                self.send_frame(10, payload)
            elif opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise ConnectionError(f"closed {code} {payload[2:].decode()}")
            elif opcode == 1:
                return json.loads(payload)

    def receive_until(self, what, check, seconds=20.0):
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            message = self.receive()
            if check(message):
                return message
        raise AssertionError(f"never on the stream: {what}")

    def close(self):
        self.socket.close()


class Load(threading.Thread):
    """Asks the same paths again and again and keeps every (time, path, status, body) that is not a
    plain good reply; `check` says what is wrong with a good one."""

    def __init__(self, node, paths, check):
        super().__init__(daemon=True)
        self.node, self.paths, self.check = node, paths, check
        self.stopped = threading.Event()
        self.replies = 0
        self.refusals = []
        self.wrong = []
        self.slowest_s = 0.0

    def run(self):
        host, port = self.node.address()
        connection = http.client.HTTPConnection(host, port, timeout=10 * SLOW)
        i = 0
        while not self.stopped.is_set():
            path = self.paths[i % len(self.paths)]
            i += 1
            started = time.monotonic()
            try:
                connection.request("GET", path)
                reply = connection.getresponse()
                status, body = reply.status, json.loads(reply.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.wrong.append((path, repr(error)))
                connection.close()
                connection = http.client.HTTPConnection(host, port, timeout=10 * SLOW)
                continue
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)
            self.replies += 1
            if status == 503:
                self.refusals.append((path, body["error"]["code"]))
            elif status != 200:
                self.wrong.append((path, status, body))
            else:
                problem = self.check(path, body)
                if problem:
                    self.wrong.append((path, problem, body))

    def finish(self):
        self.stopped.set()
        self.join(15 * SLOW)


def main(tests):
    """Runs the named functions (all, or those of the command line); always cleans up."""
    wanted = sys.argv[1:] or [test.__name__ for test in tests]
    failed = 0
    for test in tests:
        if test.__name__ not in wanted:
            continue
        started = time.monotonic()
        try:
            test()
            print(f"ok   {test.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception as error:  # every kind of failure is the test's result
            failed += 1
            print(f"FAIL {test.__name__}: {type(error).__name__}: {error}", flush=True)
            for node in NODES:
                print(f"---- {node.name} (exit {node.process.poll()})\n" + node.logged()[-4000:])
        finally:
            while NODES:
                NODES.pop().clean()
    shutil.rmtree(STATE_HOME, ignore_errors=True)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
