"""What idle connections cost a node: memory each, and the service of others meanwhile."""
import resource
import socket

import measure
from measure import Row, Skipped, wrk
from harness import Node, until
from sections.http import settle

CONNECTIONS = 10_000


def run(options):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 1_000:
        raise Skipped(f"at most {hard} descriptors here, {CONNECTIONS + 1_000} wanted (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    node = Node("all-in-one.json", "api.connections_max=20000", "api.connections_per_address_max=20000",
                "api.header_timeout=10m")
    try:
        path = "/data/ticker/BTC-USD"
        until("serving", lambda: node.get(path))
        settle(node)
        seconds = options.seconds_or(3)
        wrk(node.api + path, 64, 1)
        alone = wrk(node.api + path, 64, seconds)
        before = node.rss_mb()
        idle = [socket.create_connection(node.address(), timeout=20) for _ in range(CONNECTIONS)]
        until("all taken", lambda: count_of(node, "troupe_http_connections") >= CONNECTIONS)
        after = node.rss_mb()
        beside = wrk(node.api + path, 64, seconds)
        yield Row("memory of the node per idle connection", (after - before) * 1024 / CONNECTIONS, "KiB",
                  note=f"resident {before:.0f} MiB before, {after:.0f} MiB with them")
        yield Row("GET /data/ticker meanwhile", beside[0], "req/s", "without them", alone[0], beside[0] / alone[0],
                  note=f"p99 {beside[2]:.1f} ms, without them {alone[2]:.1f} ms; errors {beside[3]}")
        for one in idle:
            one.close()
    finally:
        node.clean()


def count_of(node, metric):
    text = node.call("/metrics", raw=True)[1].decode()
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(metric + "{"))


SECTION = measure.Section("idle", "Idle connections", f"{CONNECTIONS:,} connections that say nothing, one address."
                          .replace(",", " ", 1), run, order=42)
