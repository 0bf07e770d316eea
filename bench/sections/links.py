"""An ask to another process and back, and a lossless topic between processes."""
import os
import re
import socket
import statistics
import subprocess
import time

import measure
from measure import Skipped, row


def ping_pong_us():
    """Median round trip of 64 bytes between two processes over plain TCP: what a link could cost."""
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        peer = socket.create_connection(listener.getsockname())
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := peer.recv(64):
            peer.sendall(data)
        os._exit(0)
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for _ in range(3000):
        started = time.perf_counter_ns()
        connection.sendall(b"x" * 64)
        connection.recv(64)
        times.append(time.perf_counter_ns() - started)
    connection.close()
    listener.close()
    os.waitpid(child, 0)
    return statistics.median(times) / 1000


def run(options):
    test = measure.BUILD / "tests/test_nodes_cluster"
    if not test.exists():
        raise Skipped("test_nodes_cluster is not built (scripts/setup --tests)")
    trips, rates, limits = [], [], []
    for _ in range(options.runs_or(5)):
        out = subprocess.run([str(test), "-tc=cluster: round*"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"round trip p50 (\d+) us, (\d+) items/s", out)
        trips.append(int(found[1]))
        rates.append(int(found[2]))
        limits.append(ping_pong_us())
    yield row("ask to another process and back, mutual TLS, p50", trips, "µs", "plain TCP ping-pong", limits)
    yield row("lossless topic between processes, publish to handler", rates, "events/s")


SECTION = measure.Section("links", "Between nodes", "Two processes on one machine, mutual TLS.", run, order=20)
