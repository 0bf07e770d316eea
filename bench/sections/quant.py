"""Kernels of quant/ beside plain loops, BLAS alone, and what numpy, scipy, sklearn and R need for the same."""
import json
import os
import subprocess

import measure
from measure import BIN, PEERS

PREFIX = measure.ROOT / "build/peers"  # bench/setup-peers unpacks them there
LOOP = "<= 1.5"
TARGETS = {"plain C++ loop": LOOP, "OpenBLAS dsyrk alone": LOOP, "OpenBLAS dsyevd alone": LOOP,
           "recomputing from 1000 bars": "<= 0.04", "what it may cost": "<= 1"}
# loops in R or Python, to be ten times as fast as; TTR's recursions are compiled
SLOW_PEERS = ("scipy linkage + numpy", "statsmodels MarkovRegression")
# these call the same LAPACK routine of the same library: a tie is what there is to be had
SAME_ROUTINE = ("numpy eigh", "scipy eigh, subset")
# rows of bench_quant_vol (Google Benchmark) under the names that the peers print
VOLATILITY = {"garch/gaussian_fit_2000": "GARCH(1,1) fit, 2000 observations",
              "realised_1m/yang_zhang": "Yang-Zhang(20), 1M bars",
              "dcc/full_fit_10x2000": "DCC(1,1) fit, 10 x 2000",
              "hmm_20_iterations/20000": "HMM of 3 states x 20 000, 20 iterations",
              "markov_switching_fit_1859": "Markov-switching fit, 1859 observations"}
RUNS_IN_ROUND = 3


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


def peers(kernels):
    """(what, peer, ms) of each, and remarks as strings."""
    if not PREFIX.is_dir():
        yield ("skipped numpy, scipy, sklearn, pandas, statsmodels, pomegranate, cvxopt, R: not unpacked "
               "(bench/setup-peers)")
        return
    r = PREFIX / "usr/lib/R/bin/exec/R"
    commands = [["/usr/bin/python3", str(PEERS / "quant_peers.py"), str(RUNS_IN_ROUND)]]
    if r.exists():
        commands.append([str(r), "--no-echo", "--no-restore", "--vanilla", "-f", str(PEERS / "quant_peers.R"),
                         "--args", str(RUNS_IN_ROUND)])
    for command in commands:
        for line in lines_of(command, kernels):
            parts = line.split("\t")
            yield (parts[0], parts[1], float(parts[2])) if len(parts) == 3 else line


def volatility():
    """{what: ms} of the rows of bench_quant_vol that have a peer."""
    program = BIN / "bench_quant_vol"
    if not program.exists():
        return {}
    pattern = "|".join(f"^{name}$" for name in VOLATILITY)
    ran = subprocess.run([str(program), f"--benchmark_filter={pattern}", "--benchmark_format=json"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if ran.returncode or not ran.stdout.strip():
        return {}
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
    return {VOLATILITY[one["name"]]: one["cpu_time"] * scale[one["time_unit"]]
            for one in json.loads(ran.stdout)["benchmarks"] if one["name"] in VOLATILITY}


class Rounds:
    """Ours, their limits and the peers in turns, for a machine that slows down to slow down all of them."""

    def __init__(self):
        self.rows = {}    # (what, beside): unit, figures of ours, figures beside
        self.remarks = []

    def add(self, what, unit, ours, beside="", theirs=None):
        _, mine, others = self.rows.setdefault((what, beside), (unit, [], []))
        mine.append(ours)
        if theirs is not None:
            others.append(theirs)

    def remark(self, text):
        if text not in self.remarks:
            self.remarks.append(text)

    def one(self):
        ours, kernels = volatility(), ""
        for item in measure.program("bench_quant", RUNS_IN_ROUND):
            if isinstance(item, str):
                kernels = item.rsplit(" ", 1)[-1] if item.startswith("OpenBLAS kernels") else kernels
                self.remark(item)
            else:
                ours[item.what] = item.ours
                self.add(item.what, item.unit, item.ours, item.beside, item.theirs)
        for item in peers(kernels):
            if isinstance(item, str):
                self.remark(item)
            elif item[0] in ours:
                self.add(item[0], "ms", ours[item[0]], item[1], item[2])


def run(options):
    rounds = Rounds()
    for _ in range(options.runs_or(5)):
        rounds.one()
    for (what, beside), (unit, ours, theirs) in rounds.rows.items():
        aim = "<= 0.1" if beside in SLOW_PEERS else "<= 1.1" if beside in SAME_ROUTINE else "<= 1"
        target = TARGETS.get(beside, aim) if beside else ""
        yield measure.row(what, ours, unit, beside, theirs, target)
    yield from rounds.remarks


SECTION = measure.Section(
    "quant", "Numerics",
    "One core, processor time; medians of rounds in which ours, the limits and the peers take turns, and of three runs "
    "in each. Ours and the plain loops write series into arrays that exist, pandas and R into new ones. GARCH and DCC "
    "of ours come with standard errors, those of scipy without. Peers from Debian 12 (numpy 1.24, scipy 1.10, sklearn "
    "1.2, pandas 1.5, statsmodels 0.13, pomegranate 0.14, cvxopt 1.3, R 4.2 with TTR and fGarch), with the same "
    "OpenBLAS 0.3.21 and the same kernels of it; ratio: ours over theirs. Debian has no rmgarch: DCC stands beside "
    "arrays of numpy and filters of scipy. Eigendecompositions are the same LAPACK routine on both sides: a tie.",
    run, order=40)
