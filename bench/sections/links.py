"""An ask to another process and back, and a lossless topic between processes."""
import re
import subprocess

import measure
from measure import Skipped, row


def run(options):
    program = measure.BIN / "bench_nodes"
    if not program.exists():
        raise Skipped("bench_nodes is not built (scripts/setup --bench)")
    trips, rates, limits, apart = [], [], [], []
    for _ in range(options.runs_or(3)):  # each is the median of five in turn
        out = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
        raw = re.search(r"tcp_ping_pong p50 ([\d.]+) us, on two cores ([\d.]+) us", out)
        limits.append(float(raw[1]))
        apart.append(float(raw[2]))
        trips.append(float(re.search(r"ask_between_nodes p50 ([\d.]+) us", out)[1]))
        rates.append(float(re.search(r"lossless_topic (\d+) events/s", out)[1]))
    yield row("ask to another process and back, mutual TLS, p50", trips, "µs", "plain TCP ping-pong", limits)
    yield row("the same", trips, "µs", "plain TCP, each side on a core of its own", apart)
    yield row("lossless topic between processes, publish to handler", rates, "events/s")


SECTION = measure.Section("links", "Between nodes", "Two processes on one machine, mutual TLS. An ask "
                          "wakes one thread on either side, and on a virtual machine to wake an idle core takes "
                          "longer than all the rest (docs/OPERATIONS.md, \"Virtual machines\"): p50 is either near the "
                          "first limit or near the second.", run, order=20)
