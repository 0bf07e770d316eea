"""Volatility and regime kernels on one core: fits, filter steps, indicators over a million bars."""
import json
import subprocess

import measure

PER_UNIT = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}


def run(options):
    path = measure.BIN / "bench_quant_vol"
    if not path.exists():
        raise measure.Skipped("bench_quant_vol is not built (scripts/setup --bench)")
    ran = subprocess.run([str(path), "--benchmark_format=json", f"--benchmark_repetitions={options.runs_or(5)}",
                          "--benchmark_min_time=0.1", "--benchmark_report_aggregates_only=true"],
                         capture_output=True, text=True, check=True)
    for found in json.loads(ran.stdout)["benchmarks"]:
        if found.get("aggregate_name") == "median":
            name = found["run_name"].replace("/", " ").replace("_", " ")
            yield measure.Row(name, found["cpu_time"] * PER_UNIT[found["time_unit"]], "ms")


SECTION = measure.Section(
    "quant_vol", "Volatility and regimes",
    "Whole fits with their standard errors: GARCH, GJR and Student-t GARCH of 2 000 returns, DCC of 4 and 10 series of "
    "2 000 (every margin, the correlations, two-step errors), composite DCC of 100; one DCC step of 500 instruments; 20 "
    "Baum-Welch iterations of 3 states; a Markov-switching fit; ADX, realised volatilities and Hurst over a million "
    "bars, one bar at a time. Processor time of one core.", run, order=60)
