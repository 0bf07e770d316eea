"""The connectors against an exchange simulator that falls silent, whose clock is wrong, whose connections live
for seconds, and which is frozen, killed and started again (see venues.py)."""
import signal
import time

from exchange import Exchange
from harness import main, until
from servers import free_port
from venues import INSTRUMENTS, Trial, compare_books, quality


def stale_streams_and_a_skewed_clock():
    trial = Trial()
    trial.fault("nothing comes any more", stall_streams=True)
    until("neither is live", lambda: not any(quality(trial.node, one) == "live" for one in INSTRUMENTS))
    trial.heals("stalled")
    for skew_ms in (1_300, -1_300):
        trial.exchange.order(clock_skew_ms=skew_ms)
        until("live in spite of the clock", trial.readers.is_live, 60)
        compare_books(trial.node, trial.exchange)
    trial.heals("the clock was skewed")
    trial.finish()


def the_day_a_connection_may_live_is_short():
    trial = Trial('exchange_sim.limits.connection_lifetime="6s"')
    started = trial.exchange.traffic()
    until("several connections have ended", lambda: all(
        counts["sessions"] >= started[side]["sessions"] + 4 for side, counts in trial.exchange.traffic().items()), 120)
    until("live again", trial.readers.is_live, 60)
    trial.finish()


def a_killed_or_frozen_exchange():
    ports = {"binance": free_port(), "coinbase": free_port()}
    trial = Trial(**ports)
    since = time.monotonic()
    trial.exchange.send_signal(signal.SIGSTOP)
    trial.shows("frozen", since, 60)
    trial.exchange.send_signal(signal.SIGCONT)
    trial.heals("frozen", 90)
    since = time.monotonic()
    trial.exchange.kill()
    trial.shows("killed", since)
    trial.exchange = Exchange(name="again", **ports)
    trial.heals("killed", 120)
    trial.finish()


if __name__ == "__main__":
    main([stale_streams_and_a_skewed_clock, the_day_a_connection_may_live_is_short, a_killed_or_frozen_exchange])
