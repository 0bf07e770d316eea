"""Kernels of quant/ beside plain loops, BLAS alone, and what numpy, scipy, sklearn and R need for the same."""
import json
import os
import subprocess

import measure
from measure import BIN, PEERS, Row

PREFIX = measure.ROOT / "build/peers"  # bench/setup-peers unpacks them there
LOOP = "<= 1.5"
TARGETS = {"plain C++ loop": LOOP, "OpenBLAS dsyrk alone": LOOP, "OpenBLAS dsyevd alone": LOOP,
           "recomputing from 1000 bars": "<= 0.04", "what it may cost": "<= 1"}
# loops in R or Python, to be ten times as fast as; TTR's recursions are compiled
SLOW_PEERS = ("scipy linkage + numpy", "statsmodels MarkovRegression")
# rows of bench_quant_vol (Google Benchmark) under the names that the peers print
VOLATILITY = {"garch/gaussian_fit_2000": "GARCH(1,1) fit, 2000 observations",
              "realised_1m/yang_zhang": "Yang-Zhang(20), 1M bars",
              "markov_switching_fit_1859": "Markov-switching fit, 1859 observations"}


def environment(kernels):
    """What the unpacked packages need to be found; the same OpenBLAS kernels as ours, one thread."""
    there = PREFIX / "usr/lib"
    return {**os.environ, "PYTHONPATH": str(there / "python3/dist-packages"),
            "LD_LIBRARY_PATH": f"{there / 'x86_64-linux-gnu'}:{there / 'R/lib'}", "R_HOME": str(there / "R"),
            "R_SHARE_DIR": str(PREFIX / "usr/share/R/share"), "EDITOR": "vi",
            "R_LIBS": f"{there / 'R/site-library'}:{there / 'R/library'}",
            "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": kernels}


def lines_of(command, kernels):
    ran = subprocess.run(command, env=environment(kernels), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=False)
    if ran.returncode:
        yield f"skipped {command[0]}: it ended with {ran.returncode}"
    yield from ran.stdout.splitlines()


def peers(kernels, runs):
    """(what, peer, ms) of each, and remarks as strings."""
    if not PREFIX.is_dir():
        yield "skipped numpy, scipy, sklearn, pandas, statsmodels, cvxopt, R: not unpacked (bench/setup-peers)"
        return
    yield "no peer in Debian 12 for DCC (rmgarch) and hidden Markov models (hmmlearn)"
    r = PREFIX / "usr/lib/R/bin/exec/R"
    commands = [["/usr/bin/python3", str(PEERS / "quant_peers.py"), str(runs)]]
    if r.exists():
        commands.append([str(r), "--no-echo", "--no-restore", "--vanilla", "-f", str(PEERS / "quant_peers.R"),
                         "--args", str(min(runs, 3))])
    for command in commands:
        for line in lines_of(command, kernels):
            parts = line.split("\t")
            yield (parts[0], parts[1], float(parts[2])) if len(parts) == 3 else line


def volatility():
    """{what: ms} of the rows of bench_quant_vol that have a peer."""
    program = BIN / "bench_quant_vol"
    if not program.exists():
        return {}
    pattern = "|".join(VOLATILITY)
    ran = subprocess.run([str(program), f"--benchmark_filter={pattern}", "--benchmark_format=json"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if ran.returncode or not ran.stdout.strip():
        return {}
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
    return {VOLATILITY[one["name"]]: one["cpu_time"] * scale[one["time_unit"]]
            for one in json.loads(ran.stdout)["benchmarks"] if one["name"] in VOLATILITY}


def run(options):
    runs = options.runs_or(7)
    ours = volatility()
    kernels = ""
    for item in measure.program("bench_quant", runs):
        if isinstance(item, str):
            kernels = item.rsplit(" ", 1)[-1] if item.startswith("OpenBLAS kernels") else kernels
        else:
            item.target = TARGETS.get(item.beside, "")
            ours[item.what] = item.ours
        yield item
    for item in peers(kernels, runs):
        if isinstance(item, str):
            yield item
        elif item[0] in ours:
            what, peer, theirs = item
            yield Row(what, ours[what], "ms", peer, theirs, ours[what] / theirs,
                      "<= 0.1" if peer in SLOW_PEERS else "<= 1")


SECTION = measure.Section(
    "quant", "Numerics",
    "One core, processor time, medians. Ours and the plain loops write series into arrays that exist, pandas and R into "
    "new ones. Peers from Debian 12 (numpy 1.24, scipy 1.10, sklearn 1.2, pandas 1.5, statsmodels 0.13, cvxopt 1.3, R "
    "4.2 with TTR and fGarch), with the same OpenBLAS 0.3.21 and the same kernels of it; ratio: ours over theirs.",
    run, order=40)
