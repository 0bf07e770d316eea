"""More than can be taken: clients that stop reading leave the node's memory bounded and the others
served, and are told why they were cut off."""
import os
import struct
import tempfile
import threading
import time

from harness import SLOW, Node, WebSocket, main, until

STOPPED = 10
TRADES = 240_000
SPEED = 20  # 240 s of event time in 12 s: some 20 000 trades a second
RSS_MORE_MB = 60


def trades_file():
    path = os.path.join(tempfile.mkdtemp(prefix="troupe-flood-"), "btcusdt_trades.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("trade_ms,trade_id,price,qty,buyer_is_maker\n")
        for i in range(TRADES):
            file.write(f"{1_700_000_000_000 + i},{i + 1},{30000 + (i * 7919) % 997}.5,0.{(i * 31) % 997 + 1:05d},{i % 2}\n")
    return path


def stopped_clients_are_cut_off_and_memory_stays_bounded():
    path = trades_file()
    node = Node("all-in-one.json", 'venues=[{"name": "REPLAY", "kind": "replay", "speed": %d, "files": [{"path": "%s", '
                '"instrument": "BTC-USDT", "type": "trades"}]}]' % (SPEED, path))
    until("a ticker", lambda: node.get("/data/ticker/BTC-USDT"))
    before = node.rss_mb()
    stopped = [WebSocket(node, "/data/stream") for _ in range(STOPPED)]
    for client in stopped:
        client.send({"op": "subscribe", "channel": "trades", "symbols": ["BTC-USDT"]})
    reading = WebSocket(node, "/data/stream")
    reading.send({"op": "subscribe", "channel": "ticker", "symbols": ["BTC-USDT"]})
    prices, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            message = reading.receive()
            if message.get("channel") == "ticker":
                prices.append(time.monotonic())
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    most, asks, end = 0.0, 0, time.monotonic() + 8
    while time.monotonic() < end:
        assert node.get("/data/ticker/BTC-USDT")
        asks += 1
        most = max(most, node.rss_mb())
        time.sleep(0.05)
    assert len(prices) > 20, len(prices)  # one that reads is served while the others do not
    ended.set()
    reasons = []
    for client in stopped:
        client.socket.settimeout(20 * SLOW)
        try:
            opcode, payload = client.receive_frame()
            while opcode != 8:
                opcode, payload = client.receive_frame()
            reasons.append(payload)
        except ConnectionError:
            reasons.append(b"")  # cut off without a word: what was before it had not been read either
    told = sum(reason == struct.pack(">H", 1013) + b"slow consumer" for reason in reasons)
    assert len(reasons) == STOPPED, reasons
    print(f"     {STOPPED} clients stopped reading: RSS +{most - before:.0f} MB, {len(prices)} prices to the one that "
          f"reads, {asks} asks answered; {told} told \"1013 slow consumer\", {STOPPED - told} just cut off")
    assert told > 0, reasons
    assert most - before < RSS_MORE_MB, (before, most)


if __name__ == "__main__":
    main([stopped_clients_are_cut_off_and_memory_stays_bounded])
