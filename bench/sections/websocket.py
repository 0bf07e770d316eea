"""WebSocket fan-out: one news item to many clients, beside Node's ws; and a whole node's streams."""
import os
import pathlib
import resource
import subprocess
import threading
import time

import measure
from measure import BIN, PEERS, Skipped, cpu_seconds, free_port, pinned, row, tool
from harness import Node, WebSocket, until

CLIENTS = 1000
DELIVERIES = 1_000_000
SERVER_CORE, LOAD_CORE = 0, 1


def fan_out(command, port, clients, deliveries):
    """(deliveries/s, µs of the server's processor per delivery) of one fresh server."""
    server = subprocess.Popen(pinned(SERVER_CORE, command), stdout=subprocess.DEVNULL)
    try:
        until("the server", lambda: pathlib.Path("/proc/net/tcp").read_text().find(f"0100007F:{port:04X}") >= 0)
        before = cpu_seconds(server.pid)
        out = subprocess.run(pinned(LOAD_CORE, [str(BIN / "bench_ws_clients"), str(port), str(clients),
                                                str(deliveries // clients)]),
                             capture_output=True, text=True, check=True).stdout
        return float(out.split()[0]), (cpu_seconds(server.pid) - before) * 1e6 / deliveries
    finally:
        server.terminate()
        server.wait()


def node_ws():
    environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
    probe = subprocess.run([tool("node", "nodejs"), "-e", "require('ws')"], env=environment, capture_output=True,
                           check=False)
    if probe.returncode:
        raise Skipped("Node's ws is not installed (bench/setup-peers)")
    return ["env", "NODE_PATH=/usr/share/nodejs", "node", str(PEERS / "ws_fan_out.js")]


def run(options):
    if not (BIN / "bench_ws_server").exists() or not (BIN / "bench_ws_clients").exists():
        raise Skipped("bench_ws_server, bench_ws_clients are not built (scripts/setup --bench)")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    peer = None
    try:
        peer = node_ws()
    except Skipped as reason:
        yield f"skipped: {reason}"
    for clients in (100, CLIENTS):
        ours, theirs = [], []
        for _ in range(options.runs_or(5)):
            port = free_port()
            ours.append(fan_out([str(BIN / "bench_ws_server"), str(port)], port, clients, DELIVERIES))
            if peer:
                port = free_port()
                theirs.append(fan_out([*peer, str(port)], port, clients, DELIVERIES // 4))
        target = ">= 10" if clients == CLIENTS else ""
        yield row(f"fan-out to {clients} clients", [one[0] for one in ours], "deliveries/s", "Node ws",
                  [one[0] for one in theirs], target)
        yield row(f"server's processor per delivery, {clients} clients", [one[1] for one in ours], "µs", "Node ws",
                  [one[1] for one in theirs])
    yield from whole_node(options)


def whole_node(options):
    """All streams of a node to 100 clients, as fast as its simulated market makes news."""
    node = Node("all-in-one.json")
    until("serving", lambda: node.get("/data/ticker/BTC-USD"))
    symbols = [one["instrument"] for one in node.get("/data/instruments")["data"]]
    counts = [0] * 100
    stopped = threading.Event()

    def client(i):
        stream = WebSocket(node, "/data/stream")
        for channel in ("ticker", "book"):
            stream.send({"op": "subscribe", "channel": channel, "symbols": symbols})
        try:
            while not stopped.is_set():
                stream.receive_frame()
                counts[i] += 1
        except OSError:  # the node ends before its clients do
            if not stopped.is_set():
                raise
    for i in range(len(counts)):
        threading.Thread(target=client, args=(i,), daemon=True).start()
    time.sleep(3)
    before, started = list(counts), time.monotonic()
    time.sleep(options.seconds_or(5))
    seconds = time.monotonic() - started
    got = [now - then for now, then in zip(counts, before)]
    stopped.set()
    node.clean()
    yield row(f"a node's tickers and books of {len(symbols)} instruments to 100 clients", [sum(got) / seconds],
              "deliveries/s", note=f"what the simulated market makes; least served client {min(got)} frames, "
                                   f"most {max(got)}")


SECTION = measure.Section(
    "websocket", "WebSocket fan-out",
    "Texts of 120 bytes from the server to all clients, at most 64 waiting at the slowest, "
    f"{DELIVERIES // 1_000_000} million deliveries; server on one core, clients on the other; Node's ws beside it.",
    run, order=41)
