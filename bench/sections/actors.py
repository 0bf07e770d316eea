"""Cost of a hop between actors and of a topic's fan-out, beside CAF's own."""
import measure


def run(_options):
    yield from measure.program("bench_actors")


SECTION = measure.Section("actors", "Actors", "Instrumented actors beside bare CAF 0.17.6, 7 runs.", run, order=10)
