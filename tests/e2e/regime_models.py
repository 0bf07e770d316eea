"""Fitted models of the regime service over the API: probabilities add up, a shadow is promoted and rolled back on
the record, models outlive the process and move to other nodes, the fitter dies under load, bad input has its
error."""
import contextlib
import json
import math
import signal
import sqlite3

from harness import Load, Node, WebSocket, main, until
from schemas import Schema

QUICK = ("regime.models.intervals=[\"1h\"]", "regime.models.first_fit_after=\"1s\"", "regime.models.retry_after=\"1s\"",
         "regime.models.spec.fit_bars=800", "regime.models.starts=2", "correlation.intervals=[\"1h\"]")
REGIMES = ["TRENDING", "RANGING", "CHOPPY", "CRISIS"]


def read(node, path):
    """The body of a 200; ValueError otherwise, so that until() goes on."""
    status, body = node.call(path)
    if status != 200:
        raise ValueError(f"{path}: {status} {body}")
    return body


def order(node, what, symbol="BTC-USD", body=None, token=True):
    return node.call(f"/regime/models/{symbol}/{what}", method="POST", body=json.dumps(body or {}).encode(),
                     token=token, timeout=15)


def ordered(node, what, symbol="BTC-USD", body=None):
    status, reply = order(node, what, symbol, body)
    if status != 200:
        raise ValueError(f"{what}: {status} {reply}")
    return reply["data"]


def fitted(node, symbol="BTC-USD"):
    return until(f"models of {symbol}", lambda: [body for body in [read(node, f"/regime/models/{symbol}")]
                                                 if "live" in body["data"]], 200, every_s=0.2)[0]["data"]


def with_shadow(node, symbol="BTC-USD", body=None):
    ordered(node, "shadow", symbol, body or {"hmm_states": 2})
    return until("the shadow", lambda: [data for data in [read(node, f"/regime/models/{symbol}")["data"]]
                                        if "shadow" in data], 100, every_s=0.2)[0]


def stored_books(node):
    """How many instruments' models are in the node's own database."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{node.data}/history.db?mode=ro", uri=True)) as database:
            query = "SELECT count(DISTINCT id) FROM documents WHERE kind = 'regime_models'"
            return database.execute(query).fetchone()[0]
    except sqlite3.Error:  # not made yet, or being written
        return 0


def adds_up(probabilities):
    return sorted(probabilities) == sorted(REGIMES) and math.isclose(sum(probabilities.values()), 1, abs_tol=1e-9)


def probabilities_are_filtered_explained_and_add_up():
    node = Node("all-in-one.json", *QUICK)
    live = fitted(node)["live"]
    assert live["version"] == 1 and live["n_obs"] >= 400, live
    body = read(node, "/regime/probability/BTC-USD?interval=1h")
    data, meta = body["data"], body["meta"]
    assert meta["method"] == "ensemble" and meta["n_obs"] == live["n_obs"], meta
    assert len(meta["inputs"]) == 2 and meta["inputs"][1]["as_of"] <= meta["as_of"], meta
    assert adds_up(data["probabilities"]) and adds_up(data["next"]), data
    assert data["regimes"] == REGIMES and data["regime"] in REGIMES, data
    assert all(math.isclose(sum(row), 1, abs_tol=1e-9) for row in data["transition"]), data["transition"]
    models = {model["model"]: model for model in data["models"]}
    assert sorted(models) == ["hmm", "markov_switching", "rules"], models.keys()
    assert math.isclose(sum(model["weight"] for model in models.values()), 1), data
    for regime in REGIMES:
        mean = sum(model["weight"] * model["probabilities"][regime] for model in models.values())
        assert math.isclose(mean, data["probabilities"][regime], abs_tol=1e-9), (regime, mean, data)
    for name in ("hmm", "markov_switching"):
        model = models[name]
        states = model["states"]
        assert math.isclose(sum(state["probability"] for state in states), 1, abs_tol=1e-9), model
        for i, row in enumerate(model["transition"]):
            assert math.isclose(sum(row), 1, abs_tol=1e-6), model
            if row[i] < 1 - 1e-9:
                stay = 1 / (1 - row[i])
                assert math.isclose(states[i]["expected_duration_bars"], stay, rel_tol=1e-6), (stay, states[i])
        for i, state in enumerate(states):  # the forecast follows from the present
            after = sum(states[j]["probability"] * model["transition"][j][i] for j in range(len(states)))
            assert math.isclose(after, state["next"], abs_tol=1e-9), (after, state)
        assert model["fit"]["fitted_until"] <= meta["as_of"] and model["mapping"], model
    current = read(node, "/regime/current/BTC-USD")
    assert current["meta"]["method"] == "ensemble", current["meta"]
    assert [one["model"] for one in current["data"]["explanation"]] == ["rules", "hmm", "markov_switching"], current
    assert current["data"]["features"]["adx"] >= 0 and adds_up(current["data"]["probabilities"]), current
    bulk = json.dumps({"symbols": ["ETH-USD", "NOPE-USD", "BTC-USD"]}).encode()
    status, body = node.call("/regime/bulk", method="POST", body=bulk)
    assert status == 200, body
    items = body["data"]["items"]
    assert [item["symbol"] for item in items] == ["ETH-USD", "NOPE-USD", "BTC-USD"], items
    assert items[1]["error"]["code"] == "UNKNOWN_SYMBOL" and "state" not in items[1], items[1]
    assert items[2]["state"]["regime"] in REGIMES and items[2]["meta"]["inputs"], items[2]
    assert body["data"]["answered"] == 2 and body["data"]["failed"] == 1, body
    status, body = node.call("/regime/bulk", method="POST", body=b"{}")
    assert status == 200 and len(body["data"]["items"]) == 8, body


def a_shadow_is_promoted_rolled_back_and_outlives_the_process():
    node = Node("all-in-one.json", *QUICK)
    fitted(node)
    status, refusal = order(node, "shadow", body={"hmm_states": 2}, token=False)
    assert status == 401 and refusal["error"]["code"] == "UNAUTHENTICATED", refusal
    data = with_shadow(node)
    assert data["live"]["version"] == 1 and data["shadow"]["version"] == 2, data
    assert data["comparison"]["n_bars"] >= 0 and data["shadow_spec"]["hmm_states"] == 2, data
    status, refusal = order(node, "promote", body={"expected_version": 7})
    assert status == 409 and refusal["error"]["code"] == "CONFLICT", refusal
    promoted = ordered(node, "promote", body={"expected_version": 2})
    assert promoted["live"]["version"] == 2 and "shadow" not in promoted, promoted
    before = read(node, "/regime/probability/BTC-USD")
    before_as_of, before = before["meta"]["as_of"], before["data"]
    states = {model["model"]: len(model["states"]) for model in before["models"]}
    assert states == {"rules": 0, "hmm": 2, "markov_switching": 3}, states
    data_dir = node.data
    node.kill()
    node = Node("all-in-one.json", *QUICK, "regime.models.first_fit_after=\"1h\"", data_dir=data_dir)
    reply = until("restored models", lambda: [body for body in [read(node, "/regime/probability/BTC-USD")]
                                              if body["meta"]["method"] == "ensemble"], 100, every_s=0.1)[0]
    after = reply["data"]
    assert after["models"][1]["fit"]["version"] == 2, after
    if reply["meta"]["as_of"] == before_as_of:  # no hour ended in between
        assert (after["regime"], after["since"]) == (before["regime"], before["since"]), (before, after)
    assert after["models"][1]["transition"] == before["models"][1]["transition"], (before, after)
    back = ordered(node, "rollback")
    assert back["live"]["version"] == 1 and back["pinned"], back
    assert [one["version"] for one in back["previous"]] == [2], back
    data_dir = node.data
    lines = [json.loads(line) for line in (data_dir / "audit.jsonl").read_text().splitlines()]
    seen = [(line["command"].rsplit("/", 1)[1], line["outcome"]) for line in lines]
    assert seen == [("shadow", "ordered"), ("shadow", "done"), ("promote", "ordered"), ("promote", "CONFLICT"),
                    ("promote", "ordered"), ("promote", "done"), ("rollback", "ordered"), ("rollback", "done")], seen
    node.kill()
    node = Node("all-in-one.json", *QUICK, "regime.models.first_fit_after=\"1h\"", data_dir=data_dir)
    kept = fitted(node)
    assert kept["live"]["version"] == 1 and kept["pinned"] and kept["stored_version"] == back["stored_version"], kept


def the_fitter_dies_and_answers_go_on():
    node = Node("all-in-one.json", *QUICK)
    for symbol in ("BTC-USD", "ETH-USD", "SOL-USD"):
        fitted(node, symbol)

    def check(path, body):
        return None if adds_up(body["data"]["probabilities"]) else "probabilities do not add up"

    load = Load(node, [f"/regime/{what}/{symbol}" for what in ("current", "probability")
                       for symbol in ("BTC-USD", "ETH-USD", "SOL-USD")], check)
    load.start()
    killed = 0
    for states in (2, 3, 4):
        ordered(node, "shadow", "ETH-USD", {"hmm_states": states})
        for part in ("fitter", "fits", "documents", "copies"):
            status, _ = node.call(f"/inspect/kill?path=regime/models/{part}", method="POST", body=b"", token=True)
            killed += status == 200
        until("the shadow", lambda: read(node, "/regime/models/ETH-USD")["data"]["shadow"]["spec"]["hmm_states"]
              == states, 100, every_s=0.2)
    load.finish()
    assert killed >= 10, killed
    assert load.replies > 20 and not load.wrong, (load.replies, load.wrong[:3])
    assert not load.refusals, load.refusals[:3]
    print(f"     {killed} kills, {load.replies} replies, none refused")


def models_go_where_the_work_goes():
    source = Node("roles/market-data.json", name="md")
    seeds = f'cluster.seeds=["{source.cluster}"]'
    first = Node("roles/regime.json", seeds, *QUICK[:-1], name="ra")
    api = Node("roles/api.json", seeds, name="api")
    symbols = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "ADA-USD", "LTC-USD", "LINK-USD", "DOGE-USD"]
    fitted_until = {}
    for symbol in symbols:
        fitted_until[symbol] = fitted(api, symbol)["live"]["fitted_until"]
    token = first.token()  # orders go through another node's api: it has a token of its own
    assert api.call("/regime/models/BTC-USD/shadow", method="POST", body=b"{}", token=token)[0] == 401
    with_shadow(api)
    promoted = ordered(api, "promote")
    assert promoted["live"]["version"] == 2, promoted
    second = Node("roles/regime.json", seeds, *QUICK[:-1], "regime.models.first_fit_after=\"1h\"", name="rb")

    def copied():
        books = {}
        for symbol in symbols:
            books[symbol] = read(api, f"/regime/models/{symbol}")["data"]
        return books if all("live" in book for book in books.values()) else None
    until("copies of all on the newcomer's disk", lambda: stored_books(second) == len(symbols), 60, every_s=0.2)
    until("every symbol is answered with its models", copied, 60, every_s=0.2)
    status, body = api.call("/regime/bulk", method="POST", body=json.dumps({"symbols": symbols}).encode())
    assert status == 200 and body["data"]["answered"] == len(symbols), body
    stand = {symbol: read(api, f"/regime/current/{symbol}") for symbol in symbols}
    first.kill()  # all work goes to the newcomer, which never fitted anything
    books = until("the models of the dead node", copied, 60, every_s=0.2)
    assert books["BTC-USD"]["live"]["version"] == 2 and books["BTC-USD"]["live"]["spec"]["hmm_states"] == 2, books
    for symbol in symbols[1:]:
        assert books[symbol]["live"]["fitted_until"] == fitted_until[symbol], (symbol, books[symbol])
    for symbol in symbols:
        body = until(f"{symbol} from the new owner", lambda: [
            body for body in [read(api, f"/regime/current/{symbol}")] if body["meta"]["method"] == "ensemble"], 60)[0]
        if body["meta"]["as_of"] == stand[symbol]["meta"]["as_of"]:  # no hour ended in between
            said = [(one["data"]["regime"], one["data"]["since"]) for one in (stand[symbol], body)]
            assert said[0] == said[1], (symbol, said)
    body = until("an ensemble from the new owner", lambda: [
        body for body in [read(api, "/regime/probability/ETH-USD")] if body["meta"]["method"] == "ensemble"], 60)[0]
    assert adds_up(body["data"]["probabilities"]), body


def bad_input_is_refused_by_name():
    node = Node("all-in-one.json", *QUICK)
    fitted(node)

    def refused(path, status, code, text="", body=None, token=True):
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        got, reply = node.call(path, method=None if body is None else "POST", body=raw,
                               token=token if body is not None else False)
        assert (got, reply["error"]["code"]) == (status, code), (path, got, reply)
        assert text in reply["error"]["message"], (path, text, reply)

    refused("/regime/probability/BTC-USD?interval=1s", 400, "INVALID_ARGUMENT", "regime.models.intervals")
    refused("/regime/probability/BTC-USD?interval=7m", 400, "INVALID_ARGUMENT", "interval")
    refused("/regime/probability/BTC-USD?colour=red", 400, "INVALID_ARGUMENT", "colour")
    refused("/regime/probability/NOPE-USD", 404, "UNKNOWN_SYMBOL", "NOPE-USD")
    refused("/regime/probability/x", 400, "INVALID_ARGUMENT", "symbol")
    refused("/regime/models/NOPE-USD", 404, "UNKNOWN_SYMBOL")
    models = "/regime/models/BTC-USD/"
    for path, body, status, code, text in [
        ("/regime/bulk", b"", 400, "MALFORMED_REQUEST", "body"),
        ("/regime/bulk", {"symbols": []}, 400, "INVALID_ARGUMENT", "symbols: expected 1 to 500"),
        ("/regime/bulk", {"symbols": ["BTC-USD", "BTC-USD"]}, 400, "INVALID_ARGUMENT", "each instrument once"),
        ("/regime/bulk", {"symbols": ["BTC-USD", 5]}, 400, "INVALID_ARGUMENT", "symbols[1]"),
        ("/regime/bulk", {"symbols": ["btc"]}, 400, "INVALID_ARGUMENT", "symbols[0]"),
        ("/regime/bulk", {"interval": "5m"}, 400, "INVALID_ARGUMENT", "interval: expected one of 1s, 1m, 1h"),
        ("/regime/bulk", {"symbol": "BTC-USD"}, 400, "INVALID_ARGUMENT", "symbol: expected one of the keys symbols"),
        (models + "shadow", {"hmm_states": 5}, 400, "INVALID_ARGUMENT", "hmm_states: expected a whole number from 2"),
        (models + "shadow", {"weights": {"rules": 1}}, 400, "INVALID_ARGUMENT", "weights.hmm"),
        (models + "shadow", {"weights": {"rules": -1, "hmm": 0, "markov_switching": 0}}, 400, "INVALID_ARGUMENT",
         "weights.rules"),
        (models + "shadow", {"interval": "1s"}, 400, "INVALID_ARGUMENT", "regime.models.intervals"),
        (models + "shadow", [], 400, "MALFORMED_REQUEST", "object"),
        (models + "promote", {}, 404, "NOT_FOUND", "no shadow"),
        (models + "discard", {}, 404, "NOT_FOUND", "no shadow"),
        (models + "rollback", {"version": 77}, 404, "NOT_FOUND", "found 77"),
        (models + "promote", {"expected_version": -1}, 400, "INVALID_ARGUMENT", "expected_version"),
        ("/regime/models/x/promote", {}, 400, "INVALID_ARGUMENT", "symbol"),
        ("/regime/models/NOPE-USD/promote", {}, 404, "UNKNOWN_SYMBOL", "NOPE-USD"),
    ]:
        refused(path, status, code, text, body)
    for option, text in [('regime.models.intervals=["5m"]', "regime.models.intervals[0]"),
                         ("regime.models.spec.hmm_states=9", "regime.models.spec.hmm_states"),
                         ("regime.models.colour=1", "colour")]:
        try:
            Node("all-in-one.json", option)
        except AssertionError as error:
            assert text in str(error), (option, str(error))
        else:
            raise AssertionError(f"started with {option}")
    stream = WebSocket(node, "/regime/stream")
    stream.send({"op": "subscribe", "channel": "regime", "symbols": ["BTC-USD"], "interval": "1h", "id": 1})
    event = stream.receive_until("the regime", lambda message: message.get("channel") == "regime" and
                                 "data" in message, 30)
    assert event["data"]["cause"] in ("market", "refit", "standing"), event
    assert event["data"]["state"]["explanation"][0]["model"] == "rules", event
    stream.send({"op": "subscribe", "channel": "regime", "symbols": ["BTC-USD"], "interval": "4h", "id": 2})
    answer = stream.receive_until("a refusal", lambda message: message.get("id") == 2)
    assert answer["error"]["code"] == "INVALID_ARGUMENT", answer
    assert answer["error"]["message"] == "interval: expected one of 1s, 1m, 1h, found 4h", answer
    stream.send({"op": "subscribe", "channel": "regime", "symbols": ["ETH-USD", "ETH-USD"], "interval": "1h", "id": 3})
    answer = stream.receive_until("an ack", lambda message: message.get("id") == 3)
    assert answer["symbols"] == ["ETH-USD"], answer
    stream.close()


def streams_tell_when_quality_is_lost_and_is_back():
    source = Node("roles/market-data.json", name="md")
    seeds = f'cluster.seeds=["{source.cluster}"]'
    Node("roles/regime.json", seeds, *QUICK[:-1], name="ra")
    api = Node("roles/api.json", seeds, name="api")
    until("a live regime", lambda: read(api, "/regime/current/BTC-USD?interval=1h")["meta"]["quality"] == "live", 100,
          every_s=0.2)
    fitted(api)  # a first fit after the outage might change the label, and a change says its quality itself
    subscription = {"op": "subscribe", "channel": "regime", "symbols": ["BTC-USD"], "interval": "1h", "id": 1}

    def snapshot():
        stream = WebSocket(api, "/regime/stream")
        stream.send(subscription)
        event = stream.receive_until("a snapshot", lambda message: "data" in message, 30)
        return stream, event
    stream, event = until("a live snapshot", lambda: [pair for pair in [snapshot()] if pair[1]["quality"] == "live"],
                          60, every_s=0.5)[0]
    before = event

    def quality(wanted):
        return stream.receive_until(f"quality {wanted}", lambda message: message.get("type") == "quality" and
                                    (message["quality"] == "live") == wanted, 60)
    source.send_signal(signal.SIGSTOP)
    lost = quality(False)
    assert lost["symbol"] == "BTC-USD" and lost["interval"] == "1h" and lost["previous"] == "live", lost
    Schema(api.get("/schemas/stream.quality")).check(lost)
    late, event = snapshot()
    assert event["type"] == "snapshot" and event["quality"] != "live", event
    assert event["data"]["meta"]["quality"] == event["quality"], event
    assert event["data"]["meta"]["age_ms"] == event["age_ms"], event
    assert event["as_of"] != before["as_of"] or event["age_ms"] > before["age_ms"] + 4000, (before, event)
    late.close()
    source.send_signal(signal.SIGCONT)
    assert quality(True)["previous"] != "live"
    stream.close()


if __name__ == "__main__":
    main([probabilities_are_filtered_explained_and_add_up,
          a_shadow_is_promoted_rolled_back_and_outlives_the_process, the_fitter_dies_and_answers_go_on,
          models_go_where_the_work_goes, bad_input_is_refused_by_name, streams_tell_when_quality_is_lost_and_is_back])
