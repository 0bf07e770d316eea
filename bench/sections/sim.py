"""What the simulated market costs."""
import measure


def run(_options):
    yield from measure.program("bench_sim")


SECTION = measure.Section("sim", "Simulated market", "Processor time, one core.", run, order=70)
