"""The simulator's order book beside the textbook std::map book, on the same sequences."""
import measure


def run(options):
    yield from measure.program("bench_matching", options.runs_or(7), targets={
        "order matching, steady": ">= 1.6", "order matching, grow": ">= 2.5"})


SECTION = measure.Section(
    "matching", "Order matching",
    "The full book (owners, order types, time in force, self-trade prevention, acks, trade events) beside a textbook "
    "book (std::map of levels, a list of orders each, a hash map of ids) on the same million operations; both print "
    "the same trades. \"steady\" keeps 8 000 to 12 000 orders live (55 % passive adds, 36 % cancels, 9 % crossing), "
    "\"grow\" is 60/30/10 from empty.", run, order=30)
