"""Level updates of an L2 book with exact prices beside std::map."""
import measure


def run(options):
    yield from measure.program("bench_l2", options.runs_or(7), targets={"L2 level updates": ">= 4"})


SECTION = measure.Section(
    "l2", "L2 book",
    "A million level updates near a moving mid price, the best price read after each; exact decimals in both books.",
    run, order=31)
