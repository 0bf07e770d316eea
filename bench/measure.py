"""What the sections of bench/run share: rows, medians, programs, load generators, free ports."""
import dataclasses
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("TROUPE_BENCH_BUILD", ROOT / "build/release"))
BIN = BUILD / "bin"
PEERS = ROOT / "bench/peers"
os.environ.setdefault("TROUPE_BIN_DIR", str(BIN))
sys.path.insert(0, str(ROOT / "tests/e2e"))


class Skipped(Exception):
    """A section, or a peer, that cannot be measured here; says why."""


@dataclasses.dataclass
class Options:
    """What the command line says. `runs` and `seconds` of None: the section's own defaults."""
    runs: int | None = None
    seconds: int | None = None

    def runs_or(self, default):
        return self.runs or default

    def seconds_or(self, default):
        return self.seconds or default


@dataclasses.dataclass
class Row:
    """One measured figure, and what stood beside it in the same run.
    target: such as ">= 1.6", read against `ratio`; "" when nothing is aimed at."""
    what: str
    ours: float
    unit: str
    beside: str = ""
    theirs: float | None = None
    ratio: float | None = None
    target: str = ""
    note: str = ""

    def met(self):
        """True, False, or None without a target."""
        found = re.match(r"([<>]=?)\s*([\d.]+)", self.target)
        if not found or self.ratio is None:
            return None
        limit = float(found[2])
        return self.ratio >= limit if found[1].startswith(">") else self.ratio <= limit


def row(what, ours, unit, beside="", theirs=(), target="", note=""):
    """A row of medians; the ratio is the median of the runs' own ratios, ours over theirs."""
    ours, theirs = list(ours), list(theirs)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs)) if theirs else None
    return Row(what, statistics.median(ours), unit, beside,
               statistics.median(theirs) if theirs else None, ratio, target, note)


@dataclasses.dataclass
class Section:
    """One heading of docs/PERFORMANCE.md. `run(options)` yields rows, and strings for remarks."""
    name: str
    title: str
    conditions: str
    run: object
    order: int = 100


def figure(value):
    """A number as people read it."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) // 1024 // 1024
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    return (f"{cpu[1] if cpu else 'unknown CPU'}, {os.cpu_count()} cores, {memory} GiB, {system[1]}, "
            f"g++ {compiler}, kernel {os.uname().release}")


def program(name, *arguments, targets=None):
    """The rows that a program of bench/ prints: tab-separated what, ours, unit, beside, theirs, ratio,
    note. `targets`: by what."""
    path = BIN / name
    if not path.exists():
        raise Skipped(f"{name} is not built (scripts/setup --bench)")
    ran = subprocess.run([str(path), *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    for line in ran.stdout.splitlines():
        parts = line.split("\t")
        if len(parts) != 7:
            yield line
            continue
        what, ours, unit, beside, theirs, ratio, note = parts
        yield Row(what, float(ours), unit, beside, float(theirs) if theirs else None,
                  float(ratio) if ratio else None, (targets or {}).get(what, ""), note)


def tool(name, package):
    """The path of a program that is not ours."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise Skipped(f"{name} is not installed (bench/setup-peers, or apt-get install {package})")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, command):
    """The command on that core, so that server and load do not wander; as it is with one core."""
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        return command
    return ["taskset", "-c", str(core), *command]


def pin(pid, core):
    """Puts every thread of a running process on that core."""
    if (os.cpu_count() or 1) >= 2:
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(task), {core})


def cpu_seconds(pid):
    """Processor time of a process and its children, user and system."""
    total = 0.0
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        for task in os.listdir(f"/proc/{pid}/task"):
            children = pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            total += sum(cpu_seconds(int(child)) for child in children)
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def wrk(url, connections, seconds, core=None):
    """(requests/s, p50 ms, p99 ms, replies that were not 2xx)"""
    command = [tool("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    out = subprocess.run(command if core is None else pinned(core, command),
                         capture_output=True, text=True, check=True).stdout
    scale = {"us": 1e-3, "ms": 1, "s": 1e3}

    def percentile(which):
        found = re.search(rf"{which}%\s+([\d.]+)(us|ms|s)", out)
        return float(found[1]) * scale[found[2]]
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    return rate, percentile(50), percentile(99), int(errors[1]) if errors else 0
