"""actor-inspector against real nodes: every command, a frozen peer, a drain, the audit file, exit
codes, repeated output, and a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import termios
import time

from harness import BIN, SLOW, Node, inspector, main, until

READING = ["nodes", "tree", "ps", "top", "restarts", "breakers", "dead-letters", "shards", "net", "doctor",
           "export", "show market_data/front", "messages market_data/front",
           "trace market_data/front --seconds 1 --limit 5"]
CHANGING = ["restart", "kill", "drain", "undrain"]


def token_of(node):
    return ("--token-file", str(node.data / "token"))


def start_three():
    source = Node("roles/market-data.json", name="md")
    seeds = f'cluster.seeds=["{source.cluster}"]'
    first = Node("roles/regime.json", 'node.roles=["regime","api"]', seeds, name="ra")
    second = Node("roles/regime.json", seeds, name="rb")
    until("three nodes", lambda: len([row for row in json.loads(inspector(first, "nodes", "--json").stdout)
                                      if row["state"] == "UP"]) == 3)
    return source, first, second


def as_json(node, *arguments):
    run = inspector(node, *arguments, "--json", timeout=40.0)
    assert run.returncode in (0, 1), (arguments, run)
    return json.loads(run.stdout)


def every_command_answers_with_tables_json_and_help():
    node = Node("all-in-one.json")
    until("a ticker", lambda: node.get("/data/ticker/BTC-USD"))
    for command in READING:
        words = command.split()
        run = inspector(node, *words)
        assert run.returncode == 0 or (words[0] == "doctor" and run.returncode == 1), (command, run)
        assert run.stdout and not run.stderr, (command, run)
        assert as_json(node, *words) is not None, command
    for command in [line.split()[0] for line in READING] + CHANGING:
        run = inspector(node, command, "--help")
        assert run.returncode == 0 and f"actor-inspector {command}" in run.stdout, (command, run)
    head = inspector(node, "top").stdout.splitlines()[1].split()
    assert head == ["NODE", "PATH", "STATE", "MAILBOX(cap)", "IN/s", "OUT/s", "BUSY%", "P50us", "P99us", "MAXms",
                    "OLDEST", "REJECTED/s", "RESTARTS", "LAST_ERROR"], head
    rows = as_json(node, "ps", "--sort", "rate")["actors"]
    rates = [row["in_per_s"] for row in rows]
    assert rates == sorted(rates, reverse=True) and rates[0] > 0, rates[:5]
    everything = as_json(node, "export")["nodes"]["test"]
    for part in ("health", "nodes", "tree", "actors", "restarts", "breakers", "dead_letters", "shards", "net",
                 "process"):
        assert part in everything, part


def exit_codes_are_stable():
    node = Node("all-in-one.json")
    token = token_of(node)
    for code, arguments in [
            (0, ["nodes"]), (0, ["restarts", "--since", "10m"]), (0, ["shards", "BTC-USD"]),
            (1, ["restart", "market_data/front", "--yes"]),
            (1, ["drain", "test", "--yes", *token]),  # nobody else could take over
            (2, ["show", "no/such"]), (2, ["messages", "no/such"]), (2, ["trace", "no/such"]),
            (2, ["tree", "nonsense"]), (2, ["dead-letters", "show", "999999"]), (2, ["show", "x/y", "--on", "nobody"]),
            (2, ["breakers", "open", "no>such", "--yes", *token]), (2, ["drain", "nobody", "--yes", *token]),
            (2, ["drain", "test", "nonsense", "--yes", *token]),
            (4, ["dance"]), (4, ["ps", "--sort", "colour"]), (4, ["restarts", "--since", "yesterday"]),
            (4, ["breakers", "dance", "x"]), (4, ["breakers", "open"]), (4, ["dead-letters", "replay"]),
            (4, ["trace", "market_data/front", "--seconds", "61"]), (4, ["drain", "test", *token]),
            (4, ["kill", "market_data/front", *token]), (4, ["nodes", "--token-file", "/no/such/file"])]:
        run = inspector(node, *arguments)
        assert run.returncode == code, (code, arguments, run)
        assert (code == 0) == (not run.stderr), (arguments, run)
        assert code == 0 or not run.stdout or "--help" in run.stdout, (arguments, run)
    node.send_signal(signal.SIGSTOP)
    run = inspector(node, "ps", "--timeout", "0.5")
    assert run.returncode == 5 and "TIMEOUT" in run.stderr, run
    node.send_signal(signal.SIGCONT)
    until("it answers again", lambda: inspector(node, "nodes").returncode == 0)
    node.stop()
    assert inspector(node, "ps").returncode == 3


def a_frozen_node_is_named_and_the_others_still_show():
    source, first, second = start_three()
    second.send_signal(signal.SIGSTOP)
    run = inspector(first, "ps", "--timeout", "1")  # before or after it is declared down
    assert run.returncode == 0 and "node rb does not answer" in run.stderr, run
    assert "market_data/front" in run.stdout and " regime/front" in run.stdout, run.stdout[:500]
    until("declared down", lambda: "NODE_DOWN" in inspector(first, "ps", "--timeout", "1").stderr)
    shown = as_json(first, "top", "--timeout", "1")
    assert [one["node"] for one in shown["unreachable"]] == ["rb"], shown["unreachable"]
    assert {row["node"] for row in shown["actors"]} == {"md", "ra"}
    net = json.loads(inspector(first, "net", "--json", "--timeout", "1").stdout)
    states = {peer["peer"]: peer["state"] for node in net["nodes"] if node["node"] == "ra" for peer in node["peers"]}
    assert states == {"md": "UP", "rb": "DOWN"}, states
    run = inspector(first, "doctor", "--json", "--timeout", "1")
    found = {(one["node"], one["check"]) for one in json.loads(run.stdout)["findings"]}
    assert run.returncode == 1 and {("rb", "unreachable"), ("ra", "peer")} <= found, found
    second.send_signal(signal.SIGCONT)
    until("all nodes answer", lambda: not inspector(first, "ps").stderr)
    source.kill()
    until("a killed one is named", lambda: "node md does not answer: NODE_DOWN" in inspector(first, "ps").stderr)


def owned(node, service="regime"):
    """Shards by owner as the node sees it."""
    rows = node.get("/inspect/shards")["data"]["services"]
    return next((row["owned"] for row in rows if row["service"] == service), {})


def drain_moves_shards_and_undrain_takes_them_back():
    source, first, second = start_three()
    until("work is split", lambda: set(owned(first)) == {"ra", "rb"})
    before = owned(first)
    token = token_of(second)
    run = inspector(first, "drain", "rb", "regime", "--yes")
    assert run.returncode == 1 and "UNAUTHENTICATED" in run.stderr, run
    run = inspector(first, "drain", "rb", "regime", "--yes", "--timeout", "60", *token, timeout=90.0)
    assert run.returncode == 0, run
    assert owned(first) == {"ra": 128}, owned(first)
    until("the drained node agrees", lambda: owned(second) == {"ra": 128})
    until("its actors end", lambda: not [row for row in second.get("/inspect/actors")["data"]
                                         if row["path"].startswith("regime/instruments/")])
    assert second.get("/inspect/shards")["data"]["drained"] == ["regime"]
    run = inspector(first, "drain", "ra", "--yes", *token_of(first))
    assert run.returncode == 1 and "CONFLICT" in run.stderr, run  # nobody is left
    for symbol in ("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "ADA-USD", "LTC-USD", "LINK-USD", "DOGE-USD"):
        status, body = first.call(f"/regime/current/{symbol}?interval=1s")  # done means: the new owner answers
        assert status == 200, (symbol, status, body)
    second.stop()
    second = Node("roles/regime.json", f'cluster.seeds=["{source.cluster}"]', name="rb", data_dir=second.data)
    # what an operator ordered outlives the process
    until("it is back", lambda: second.get("/inspect/shards")["data"]["drained"] == ["regime"]
          and len([row for row in as_json(first, "nodes") if row["state"] == "UP"]) == 3)
    assert owned(second) == {"ra": 128} and owned(first) == {"ra": 128}, (owned(first), owned(second))
    run = inspector(first, "undrain", "rb", "--yes", "--timeout", "60", *token, timeout=90.0)
    assert run.returncode == 0, run
    until("as before", lambda: owned(first) == before and owned(second) == before)
    audit = [json.loads(line) for line in (second.data / "audit.jsonl").read_text().splitlines()]
    assert [(line["command"], line["outcome"]) for line in audit] == [
        ("drain", "ordered"), ("drain", "done"), ("undrain", "ordered"), ("undrain", "done")], audit


def a_trace_goes_on_over_nodes():
    _, first, _ = start_three()
    until("a ticker", lambda: first.get("/data/ticker/BTC-USD"))
    command = [str(BIN / "actor-inspector"), "--node", first.api, "trace", "api/bridge-0", "--on", "ra", "--json",
               "--seconds", "3", "--limit", "10000"]
    file = first.root / "trace.json"  # a pipe would fill before anybody reads it
    with open(file, "w", encoding="utf-8") as out:
        tracing = subprocess.Popen(command, stdout=out)
        end = time.monotonic() + 60 * SLOW
        while tracing.poll() is None and time.monotonic() < end:
            first.get("/data/orderbook/BTC-USD")
        assert tracing.wait(20 * SLOW) == 0
    events = json.loads(file.read_text())["events"]
    asked = [event for event in events if event["kind"] == "SENT" and event["peer"] == "md/market-data"]
    actors = {}  # on the other node, by cause
    for event in events:
        if event["node"] == "md":
            actors.setdefault(event["causal_id"], set()).add(event["actor"])
    both = [actors[event["causal_id"]] for event in asked if event["causal_id"] in actors]
    assert any({"market_data/front", "market_data/instruments/BTC-USD"} <= found for found in both), events[:20]


def changes_are_audited_and_logged():
    node = Node("all-in-one.json")
    token = token_of(node)
    edge = "regime>market-data@test"
    until("the breaker", lambda: edge in inspector(node, "breakers").stdout)
    assert inspector(node, "breakers", "open", edge, "--yes", *token).returncode == 0
    assert "FORCED_OPEN" in inspector(node, "breakers").stdout
    run = inspector(node, "doctor")
    assert run.returncode == 1 and "held open by an operator" in run.stdout, run
    assert inspector(node, "breakers", "close", edge, "--yes", *token).returncode == 0
    assert inspector(node, "breakers", "reset", edge, "--yes", *token).returncode == 0
    assert inspector(node, "kill", "regime/front", "--yes", *token).returncode == 0
    assert inspector(node, "dead-letters", "replay", "999999", "--yes", *token).returncode == 2
    file = node.data / "audit.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    done = [(line["command"], line["target"], line["outcome"], line["by"]) for line in lines if line["outcome"] != "ordered"]
    assert done == [("breaker open", edge, "done", "node"), ("breaker close", edge, "done", "node"),
                    ("breaker reset", edge, "done", "node"), ("kill", "regime/front", "done", "node"),
                    ("dead letter replay", "999999", "NOT_FOUND", "node")], done
    assert len(re.findall(r"operator command.*command=kill.*by=node.*outcome=done", node.logged())) == 1
    until("the kill shows", lambda: [row for row in as_json(node, "restarts")["restarts"]
                                     if row["path"] == "regime/front" and row["reason"] == "kill"])


def watch_repeats_until_it_is_stopped():
    node = Node("all-in-one.json")
    process = subprocess.Popen([str(BIN / "actor-inspector"), "--node", node.api, "nodes", "--json", "--watch", "0.1"],
                               stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        assert json.loads(process.stdout.readline())[0]["name"] == "test"
    node.send_signal(signal.SIGTERM)
    node.process.wait(20 * SLOW)
    time.sleep(0.3)
    assert process.poll() is None  # a node that is away ends nothing
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(20 * SLOW) in (0, 3)


def top_redraws_in_a_terminal():
    node = Node("all-in-one.json")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 80, 0, 0))
    process = subprocess.Popen([str(BIN / "actor-inspector"), "--node", node.api, "top", "--interval", "0.1"],
                               stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text = ""
    end = time.monotonic() + 30 * SLOW
    while text.count("\x1b[H") < 4 and time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            text += os.read(master, 65536).decode(errors="replace")
    process.send_signal(signal.SIGINT)
    code = process.wait(20 * SLOW)
    os.close(master)
    frames = text.split("\x1b[H")[2:-1]
    assert len(frames) >= 2 and code == 0, (code, text[-500:])
    for frame in frames:
        lines = frame.replace("\x1b[K", "").replace("\x1b[J", "").split("\r\n")
        assert len(lines) <= 12 and max(len(line) for line in lines) <= 80, lines
        assert "actors" in lines[0] and lines[1].startswith("NODE"), lines[:2]


if __name__ == "__main__":
    main([every_command_answers_with_tables_json_and_help, exit_codes_are_stable,
          a_frozen_node_is_named_and_the_others_still_show, drain_moves_shards_and_undrain_takes_them_back, a_trace_goes_on_over_nodes,
          changes_are_audited_and_logged, watch_repeats_until_it_is_stopped, top_redraws_in_a_terminal])
