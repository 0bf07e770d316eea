"""GET /data/ticker/{symbol} of a whole node beside nginx and FastAPI + Redis."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

import measure
from measure import PEERS, Skipped, cpu_seconds, figure, pin, pinned, row, tool, wrk
from harness import Node, until

CONNECTIONS = 64
SERVER_CORE, LOAD_CORE = 0, 1


def served(url):
    with urllib.request.urlopen(url, timeout=2) as reply:
        return len(reply.read())


class Peer:
    """A server that is not ours: its processes, its URL."""

    def __init__(self, name, path):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-bench-"))
        self.port = measure.free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.processes = []

    def start(self, command, core=SERVER_CORE, **how):
        self.processes.append(subprocess.Popen(command if core is None else pinned(core, command), stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL, cwd=self.directory, **how))

    def cpu(self):
        return sum(cpu_seconds(process.pid) for process in self.processes)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def sample_ticker():
    """300 bytes of JSON, the size of a ticker."""
    body = json.dumps({"symbol": "BTC-USD", "bid": 65012.34, "ask": 65012.56, "last": 65012.45, "pad": ""})
    return body.replace('"pad": ""', '"pad": "' + "x" * (300 - len(body)) + '"')


def nginx():
    peer = Peer("nginx", "/data/ticker/BTC-USD")
    there = peer.directory
    config = there / "nginx.conf"
    config.write_text(f"""worker_processes 1; daemon off; pid {there}/pid; error_log {there}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; default_type application/json;
client_body_temp_path {there}/1; proxy_temp_path {there}/2; fastcgi_temp_path {there}/3; uwsgi_temp_path {there}/4;
scgi_temp_path {there}/5;
server {{ listen 127.0.0.1:{peer.port}; location /data/ {{ return 200 '{sample_ticker()}'; }} }} }}""")
    peer.start([tool("nginx", "nginx-light"), "-c", str(config), "-p", str(there)])
    until("nginx", lambda: served(peer.url))
    return peer


def fastapi_redis():
    server = tool("redis-server", "redis-server")
    probe = subprocess.run(["/usr/bin/python3", "-c", "import fastapi, uvicorn, redis.asyncio"],
                           capture_output=True, check=False)
    if probe.returncode:
        raise Skipped("FastAPI is not installed (bench/setup-peers)")
    peer = Peer("FastAPI + Redis", "/data/ticker/BTC-USD")
    redis_port = measure.free_port()
    peer.start([server, "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
               core=None)
    until("redis", lambda: subprocess.run(
        ["redis-cli", "-p", str(redis_port), "set", "ticker:BTC-USD", sample_ticker()],
        capture_output=True, check=False).stdout.startswith(b"OK"))
    peer.start(["/usr/bin/python3", "-m", "uvicorn", "fastapi_redis:app", "--port", str(peer.port), "--log-level",
                "error", "--no-access-log", "--app-dir", str(PEERS)],
               env={**os.environ, "PEER_REDIS_PORT": str(redis_port), "PYTHONDONTWRITEBYTECODE": "1"})
    until("FastAPI", lambda: served(peer.url))
    return peer


def load(url, cpu, seconds):
    """(requests/s, p50 ms, p99 ms, errors, server's µs of processor per request)"""
    before = cpu()
    rate, p50, p99, errors = wrk(url, CONNECTIONS, seconds, LOAD_CORE)
    return rate, p50, p99, errors, (cpu() - before) * 1e6 / (rate * seconds)


def settle(node):
    """A node that has just started computes what came before; that is not what is measured."""
    def idle():
        before = cpu_seconds(node.process.pid)
        time.sleep(0.5)
        return cpu_seconds(node.process.pid) - before < 0.05
    until("idle", idle, 60)


def peers():
    for start in (nginx, fastapi_redis):
        try:
            yield start(), None
        except Skipped as reason:
            yield None, f"skipped: {reason}"


def run(options):
    tool("wrk", "wrk")
    runs, seconds = options.runs_or(5), options.seconds_or(3)
    node = Node("all-in-one.json")
    started = []
    try:
        path = "/data/ticker/BTC-USD"
        until("serving", lambda: node.get(path))
        settle(node)
        pin(node.process.pid, SERVER_CORE)
        for peer, why in peers():
            if why:
                yield why
            else:
                started.append(peer)
        measured = {"ours": [], **{peer.name: [] for peer in started}}
        for _ in range(runs):
            measured["ours"].append(load(node.api + path, lambda: cpu_seconds(node.process.pid), seconds))
            for peer in started:
                measured[peer.name].append(load(peer.url, peer.cpu, seconds))
        yield from rows(measured, served(node.api + path))
    finally:
        node.clean()
        for peer in started:
            peer.stop()


def rows(measured, size):
    def column(name, i):
        return [one[i] for one in measured.get(name, [])]
    ours = column("ours", 0)
    errors = sum(column("ours", 3))
    bytes_note = f"{size} bytes of body" + (f", {errors} ERRORS" if errors else "")
    if "nginx" in measured:
        yield row("requests", ours, "req/s", "nginx", column("nginx", 0), ">= 0.65", bytes_note)
        yield row("p99", column("ours", 2), "ms", "nginx", column("nginx", 2), "<= 2")
        yield row("p50", column("ours", 1), "ms", "nginx", column("nginx", 1))
        yield row("processor time per request, all of the node's", column("ours", 4), "µs", "nginx",
                  column("nginx", 4))
    else:
        yield row("requests", ours, "req/s", note=bytes_note)
        yield row("p99", column("ours", 2), "ms")
    if "FastAPI + Redis" in measured:
        yield row("requests", ours, "req/s", "FastAPI + Redis", column("FastAPI + Redis", 0), ">= 10")
    yield (f"p99 of the runs, ms: ours {', '.join(figure(one) for one in column('ours', 2))}"
           + "".join(f"; {name} {', '.join(figure(one) for one in column(name, 2))}"
                     for name in measured if name != "ours"))


SECTION = measure.Section(
    "http", "HTTP: GET /data/ticker/BTC-USD",
    "A whole all-in-one node with its simulated market running, every check, metric and the envelope on, one API "
    f"thread; nginx (one worker, 300 bytes of static JSON) and FastAPI on uvicorn with Redis beside it; wrk, one thread, "
    f"{CONNECTIONS} connections; servers on one core, load on the other.", run, order=40)
