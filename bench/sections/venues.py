"""Venue messages: ours to exact decimals beside simdjson's own on-demand decode to doubles."""
import measure


def run(options):
    recorded = sorted((measure.ROOT.parent / "shared/data/wire/binance").glob("spot_ws_btcusdt_*.log.gz"))
    yield from measure.program("bench_venues", *[str(path) for path in recorded], targets={
        "depth frame to exact decimals": ">= 1", "trade frame to exact decimals": ">= 1",
        "book ticker frame to exact decimals": ">= 1",
        "decode, normalise, apply, snapshot of 20 levels": ">= 0.5"})


SECTION = measure.Section(
    "venues", "Venue messages",
    "Binance frames (recorded ones where they lie beside the project, else made in the same shapes), one core; simdjson "
    "reads the same fields of the same frames. The whole way takes the depth and trade frames in their order.",
    run, order=32)
