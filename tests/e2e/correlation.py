"""Correlations of real hourly bars equal those computed here, independently, from the same files; models,
portfolios, stress and sizing over the API; solvers are killed under load; every bad input has its error."""
import csv
import gzip
import json
import math

from harness import SHARED, Load, Node, WebSocket, main, until
from servers import Postgres

COINS = ["BTC", "ETH", "SOL", "XRP", "ADA", "LTC"]
FOLDER = SHARED / "data/ohlcv/binance_spot_1h"


def closes(coin):
    with gzip.open(FOLDER / f"{coin}USDT.csv.gz", "rt") as file:
        return {row["timestamp"]: float(row["close"]) for row in csv.DictReader(file)}


def correlation(x, y):
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    cross = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y))
    return cross / math.sqrt(sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y))


def worst_error(reply, prices, times):
    returns = {coin: [math.log(prices[coin][b] / prices[coin][a]) for a, b in zip(times, times[1:])]
               for coin in COINS}
    matrix = reply["data"]["matrix"]
    return max(abs(matrix[i][j] - correlation(returns[a], returns[b]))
               for i, a in enumerate(COINS) for j, b in enumerate(COINS))


def compute(node, path, **more):
    """The body of a 200; ValueError otherwise, so that until() goes on."""
    status, body = node.call(path, timeout=70, **more)
    if status != 200:
        raise ValueError(f"{path}: {status} {body}")
    return body


def post(node, path, body, method="POST", token=False):
    return compute(node, path, method=method, body=json.dumps(body).encode(), token=token)


def hourly_bars_give_the_correlations_computed_here():
    if not FOLDER.exists():
        print("     skipped: no recorded bars (../shared/data) here")
        return
    prices = {coin: closes(coin) for coin in COINS}
    times = sorted(set.intersection(*[set(values) for values in prices.values()]))
    files = [{"path": str(FOLDER / f"{coin}USDT.csv.gz"), "instrument": f"{coin}-USDT", "type": "bars",
              "interval": "1h"} for coin in COINS]
    node = Node("all-in-one.json",
                "venues=" + json.dumps([{"name": "REPLAY", "kind": "replay", "speed": 0, "files": files}]))
    last = times[-1][:19]
    for coin in COINS:
        until(f"all bars of {coin}", lambda: node.get(
            f"/data/historical/{coin}-USDT?interval=1h&limit=2")["data"][-1]["ts_open"][:19] == last, 120)
    symbols = ",".join(f"{coin}-USDT" for coin in COINS)
    base = f"/correlation/matrix?symbols={symbols}&interval=1h"
    for window in (500, 5000):
        reply = until("matrix", lambda: compute(node, f"{base}&method=sample&window={window}"), 60)
        assert reply["data"]["symbols"] == [f"{coin}-USDT" for coin in COINS], reply["data"]["symbols"]
        error = worst_error(reply, prices, times[-window - 1:])
        assert error < 1e-9, (window, error)
        assert reply["meta"]["n_obs"] == window and len(reply["meta"]["inputs"]) == len(COINS), reply["meta"]
        print(f"     window {window}: largest error {error:.1e}")
    for method in ("ewma", "ledoit_wolf", "dcc", "ccc", "spearman", "kendall"):
        reply = compute(node, f"{base}&method={method}&window=1000")
        matrix = reply["data"]["matrix"]
        assert all(abs(matrix[i][i] - 1) < 1e-9 for i in range(len(COINS))), method
        assert all(matrix[i][j] == matrix[j][i] and abs(matrix[i][j]) <= 1 for i in range(len(COINS))
                   for j in range(len(COINS))), method
        assert reply["meta"]["method"] == method, reply["meta"]
    assert compute(node, "/correlation/matrix")["data"]["window"] == 500
    event = until("an update of the universe", lambda: first_update(node, {"symbols": ["BTC-USDT"]}), 60)
    assert event["symbol"] == "BTC-USDT" and event["data"]["universe"] == "default 1h", event
    assert len(event["data"]["correlations"]) == len(event["data"]["symbols"]), event
    assert event["data"]["meta"]["inputs"][0]["as_of"], event
    whole = until("an update of all of it", lambda: first_update(node, {}), 60)
    assert whole["symbol"] == "*" and whole["data"]["symbols"] == event["data"]["symbols"], whole
    assert len(whole["data"]["matrix"]) == len(whole["data"]["symbols"]), whole
    tail = compute(node, f"/correlation/tail?symbols={symbols}&alpha=0.05")["data"]
    assert len(tail["pairs"]) == 15 and tail["copula_nu"] > 1, tail


def first_update(node, of):
    stream = WebSocket(node, "/correlation/stream")
    try:
        stream.send({"op": "subscribe", "channel": "correlation", **of})
        return stream.receive_until("an update", lambda message: message.get("channel") == "correlation" and
                                    "data" in message, 5)
    finally:
        stream.close()


def simulated(*sets):
    node = Node("all-in-one.json", *sets)
    until("correlations", lambda: compute(node, "/correlation/matrix?window=100"), 200, every_s=1.0)
    return node


def portfolios_are_stored_and_judged():
    node = simulated()
    body = {"base_currency": "USD", "positions": [{"instrument": "BTC-USD", "quantity": "1.5"},
                                                  {"instrument": "ETH-USD", "quantity": "-10"},
                                                  {"instrument": "SOL-USD", "quantity": "100"}]}
    status, refusal = node.call("/portfolios/fund", method="PUT", body=json.dumps(body).encode())
    assert status == 401 and refusal["error"]["code"] == "UNAUTHENTICATED", refusal
    assert post(node, "/portfolios/fund", body, "PUT", True)["data"]["version"] == 1
    data = node.data
    node.kill()
    node = Node("all-in-one.json", data_dir=data)
    stored = until("the portfolio", lambda: compute(node, "/portfolios/fund"), 30)
    assert stored["data"]["version"] == 1 and stored["data"]["positions"][1]["quantity"] == "-10", stored
    stale = dict(body, expected_version=7)
    status, refusal = node.call("/portfolios/fund", method="PUT", body=json.dumps(stale).encode(), token=True)
    assert status == 409 and refusal["error"]["code"] == "CONFLICT", refusal
    pca = until("pca", lambda: compute(node, "/correlation/pca/fund?window=100"), 200, every_s=1.0)["data"]
    assert abs(sum(factor["risk_contribution"] for factor in pca["factors"]) - 1) < 1e-9, pca
    assert abs(sum(pca["risk_contributions"]) - 1) < 1e-9, pca
    stress = compute(node, "/correlation/stress-test?portfolio=fund&factor=1&window=100")["data"]
    assert all(abs(value - 1) < 1e-9 for row in stress["correlation_after"] for value in row), stress
    sizes = post(node, "/correlation/position-sizing", {
        "symbols": ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"], "method": "minimum_variance", "max_weight": 0.4,
        "groups": [{"name": "large", "symbols": ["BTC-USD", "ETH-USD"], "max": 0.5}], "window": 100})["data"]
    assert abs(sum(sizes["weights"]) - 1) < 1e-6 and max(sizes["weights"]) < 0.4 + 1e-6, sizes
    assert sizes["weights"][0] + sizes["weights"][1] < 0.5 + 1e-6 and sizes["feasible"], sizes
    tight = post(node, "/correlation/position-sizing", {"symbols": ["BTC-USD", "ETH-USD"], "max_weight": 0.2,
                                                        "window": 100})["data"]
    assert not tight["feasible"] and tight["reasons"] and len(tight["weights"]) == 2, tight
    compute(node, "/correlation/pca/default?window=100")
    unknown = dict(body, positions=[{"instrument": "NOPE-USD", "weight": 1.0}])
    status, refusal = node.call("/portfolios/other", method="PUT", body=json.dumps(unknown).encode(), token=True)
    assert status == 404 and refusal["error"]["code"] == "UNKNOWN_SYMBOL", refusal
    status, refusal = node.call("/portfolios/fund", method="DELETE")
    assert status == 401, refusal
    status, refusal = node.call("/portfolios/fund?expected_version=7", method="DELETE", token=True)
    assert status == 409 and refusal["error"]["code"] == "CONFLICT", refusal
    status, gone = node.call("/portfolios/fund?expected_version=1", method="DELETE", token=True)
    assert status == 200 and gone["data"]["deleted"] and gone["data"]["version"] == 2, gone
    status, refusal = node.call("/portfolios/fund")
    assert status == 404 and refusal["error"]["code"] == "NOT_FOUND", refusal


def subscriptions_that_cannot_deliver_are_refused():
    node = simulated()
    until("an update of the universe", lambda: first_update(node, {}), 100)
    for of, code, text in (({"interval": "1d"}, "INVALID_ARGUMENT", "one whose universe is kept: 1h"),
                           ({"symbols": ["BTC-USD.SIM-A"]}, "INVALID_ARGUMENT", "without a venue"),
                           ({"symbols": ["NOPE-USD"]}, "UNKNOWN_SYMBOL", "NOPE-USD")):
        stream = WebSocket(node, "/correlation/stream")
        try:
            stream.send({"op": "subscribe", "channel": "correlation", **of})
            answer = stream.receive_until("an answer", lambda message: message.get("type") in ("error", "subscribed"), 10)
            assert answer["type"] == "error" and answer["error"]["code"] == code, (of, answer)
            assert text in answer["error"]["message"], (of, answer)
        finally:
            stream.close()


def models_follow_their_universe():
    source = Node("roles/market-data.json", name="md")
    seeds = f'cluster.seeds=["{source.cluster}"]'
    workers = [Node("roles/correlation.json", seeds, "correlation.fit_window=300",
                    'node.roles=["correlation","api"]', name=name) for name in ("ca", "cb")]

    def model(node):
        found = compute(node, "/correlation/matrix?method=dcc")["data"].get("model") or {}
        if not found.get("version"):
            raise ValueError(f"no kept model: {found}")
        return found

    before = until("a kept model", lambda: model(workers[0]), 200, every_s=1.0)
    keeper = until("its keeper", lambda: next(node for node in workers if '"correlation/universes/1h"' in json.dumps(
        node.call("/inspect/tree", token=True)[1])), 10)
    survivor = next(node for node in workers if node is not keeper)
    keeper.kill()
    after = until("the model without its keeper", lambda: model(survivor), 60, every_s=0.5)
    assert after["version"] >= before["version"], (before, after)
    assert after["fitted_to"] >= before["fitted_to"], (before, after)
    # it was not fitted anew: the copy was there
    said = survivor.logged()
    assert "model restored" in said or "model taken over" in said, said[-2000:]


def solvers_die_and_answers_go_on():
    node = simulated()

    def check(path, body):
        size = len(body["data"]["symbols"])
        rows = body["data"]["matrix"]
        good = all(abs(rows[i][i] - 1) < 1e-9 for i in range(size))
        return None if good else "no unit diagonal"

    load = Load(node, ["/correlation/matrix?window=100", "/correlation/matrix?method=ledoit_wolf&window=200"], check)
    load.start()
    killed = 0
    for _ in range(3):
        for part in ("solvers/solver-1", "solvers/solver-2", "solvers/fitter", "universes/1h", "series", "portfolios"):
            status, _ = node.call(f"/inspect/kill?path=correlation/{part}", method="POST", body=b"", token=True)
            killed += status == 200
            until(f"{part} runs again", lambda: compute(node, "/correlation/matrix?window=100"), 100, every_s=0.2)
    load.finish()
    assert killed >= 12, killed
    assert load.replies > 20 and not load.wrong, (load.replies, load.wrong[:3])
    print(f"     {killed} kills, {load.replies} replies, {len(load.refusals)} refused meanwhile")


def portfolios_are_answered_while_their_store_hangs():
    database = Postgres.find()
    if database is None:
        return
    body = {"base_currency": "USD", "positions": [{"instrument": "BTC-USD", "quantity": "1"},
                                                  {"instrument": "ETH-USD", "quantity": "2"}]}
    try:
        node = simulated(f"storage.url={database.url()}")
        until("a stored portfolio", lambda: post(node, "/portfolios/fund", body, "PUT", True), 30)
        assert compute(node, "/portfolios/fund")["meta"]["quality"] == "live"
        database.freeze()
        status, refusal = node.call("/portfolios/fund", method="PUT", token=True,
                                    body=json.dumps(dict(body, expected_version=1)).encode())
        assert status >= 500 and refusal["error"]["code"] == "OUTCOME_UNKNOWN", (status, refusal)
        assert "expected_version" in refusal["error"]["message"], refusal
        copy = until("the copy", lambda: compute(node, "/portfolios/fund"), 10)
        assert copy["data"]["version"] == 1 and copy["meta"]["quality"] == "stale", copy
        for path in ("/portfolios", "/correlation/pca/fund?window=100", "/correlation/pca/default?window=100",
                     "/correlation/stress-test?factor=1&window=100"):
            assert compute(node, path), path
        assert post(node, "/correlation/position-sizing", {"portfolio": "fund", "window": 100}), "sizing"
        status, refusal = node.call("/portfolios/other", method="PUT", body=json.dumps(body).encode(), token=True)
        assert status == 503 and refusal["error"]["code"] == "UNAVAILABLE", (status, refusal)
        database.thaw()
        again = until("writes again", lambda: post(node, "/portfolios/other", body, "PUT", True), 60)
        assert again["data"]["version"] == 1, again  # what was refused was not stored
        version = compute(node, "/portfolios/fund")["data"]["version"]
        assert version in (1, 2), version  # the one whose outcome was not known
        node.kill()
    finally:
        database.clean()


def any_node_answers_and_portfolios_outlive_their_owner():
    source = Node("roles/market-data.json", name="md")
    seeds = f'cluster.seeds=["{source.cluster}"]'
    workers = {name: Node("roles/correlation.json", seeds, name=name) for name in ("ca", "cb")}
    api = Node("roles/api.json", seeds, name="api")
    symbols = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "ADA-USD", "LTC-USD"]
    pairs = [f"{a},{b}" for i, a in enumerate(symbols) for b in symbols[:i]]
    for pair in pairs:  # keys of both nodes
        until(pair, lambda: compute(api, f"/correlation/matrix?symbols={pair}&window=100"), 200, every_s=1.0)
    body = {"positions": [{"instrument": "BTC-USD", "weight": 0.6}, {"instrument": "ETH-USD", "weight": 0.4}]}
    until("a stored portfolio", lambda: post(api, "/portfolios/shared", body, "PUT", True), 30)
    for name in ("ca", "cb"):  # the owner of the portfolios is one of the two
        until("the copy", lambda: compute(api, "/correlation/pca/shared?window=100"), 30)
        workers[name].kill()
        stored = until("the portfolio without its owner", lambda: compute(api, "/portfolios/shared"), 40)
        assert stored["data"]["positions"][0]["weight"] == 0.6, stored
        workers[name] = Node("roles/correlation.json", seeds, name=name + "2")
        until("the newcomer's copy", lambda: compute(api, "/portfolios/shared"), 40)
        until("answers", lambda: [compute(api, f"/correlation/matrix?symbols={pair}&window=100") for pair in pairs], 60)


def bad_input_is_refused_by_name():
    node = simulated("api.body_bytes_max=100000")

    def refused(path, status, code, text="", method=None, body=None, token=False, headers=None):
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        got, reply = node.call(path, method=method, body=raw, token=token, headers=headers)
        assert (got, reply["error"]["code"]) == (status, code), (path, got, reply)
        assert text in reply["error"]["message"], (path, text, reply)

    matrix = "/correlation/matrix?"
    for query, text in [
        ("method=magic", "method: expected one of sample"), ("window=19", "window: expected 20 to 5000"),
        ("window=5001", "window"), ("window=x", "window"), ("interval=7m", "interval"),
        ("symbols=BTC-USD", "symbols: expected 2 to 500"), ("symbols=BTC-USD,BTC-USD", "each instrument once"),
        ("symbols=", "symbols"), ("symbols=btc,eth", "symbols"), ("colour=red", "colour"),
        ("gjr=true", "gjr: expected none but"), ("window=5&window=6", "window: expected one value"),
    ]:
        refused(matrix + query, 400, "INVALID_ARGUMENT", text)
    refused(matrix + "symbols=BTC-USD,NOPE-USD", 404, "UNKNOWN_SYMBOL", "NOPE-USD")
    refused("/correlation/tail?alpha=0.9", 400, "INVALID_ARGUMENT", "alpha: expected 0.01 to 0.25")
    refused("/correlation/pca/nobody", 404, "NOT_FOUND", "nobody")
    refused("/correlation/stress-test?scenario=nothing", 400, "INVALID_ARGUMENT", "covid_2020_03")
    refused("/correlation/stress-test?factor=2", 400, "INVALID_ARGUMENT", "factor: expected 0 to 1")
    refused("/correlation/stress-test?factor=0.1&scenario=x", 400, "INVALID_ARGUMENT", "one of scenario, factor")
    sizing = "/correlation/position-sizing"
    for body, status, code, text in [
        (b"", 400, "MALFORMED_REQUEST", "body"), (b"[]", 400, "MALFORMED_REQUEST", "expected an object"),
        (b"{", 400, "MALFORMED_REQUEST", "body"), ({"colour": 1}, 400, "INVALID_ARGUMENT", "colour: expected one of"),
        ({"method": "magic"}, 400, "INVALID_ARGUMENT", "method: expected one of equal_risk"),
        ({"max_weight": "a lot"}, 400, "INVALID_ARGUMENT", "max_weight: expected a number"),
        ({"symbols": ["BTC-USD", 5]}, 400, "INVALID_ARGUMENT", "symbols[1]"),
        ({"groups": [{"name": "g"}]}, 400, "INVALID_ARGUMENT", "groups[0].symbols: expected a value"),
        (b"x" * 200000, 413, "BODY_TOO_LARGE", ""),
    ]:
        refused(sizing, status, code, text, method="POST", body=body)
    refused(sizing, 415, "UNSUPPORTED_MEDIA_TYPE", method="POST", body={}, headers={"Content-Type": "text/plain"})
    refused(sizing + "?window=5", 400, "INVALID_ARGUMENT", "window: expected no query parameters", method="POST",
            body={})
    refused("/portfolios/fund", 400, "INVALID_ARGUMENT", "positions: expected a value", method="PUT", body={},
            token=True)
    refused("/portfolios/a%20b", 400, "INVALID_ARGUMENT", "id: expected", method="PUT", token=True,
            body={"positions": [{"instrument": "BTC-USD", "quantity": "1"}]})
    refused("/portfolios/none", 404, "NOT_FOUND")
    assert compute(node, "/correlation/matrix?window=100")["data"]["matrix"]


if __name__ == "__main__":
    main([hourly_bars_give_the_correlations_computed_here, portfolios_are_stored_and_judged,
          solvers_die_and_answers_go_on, subscriptions_that_cannot_deliver_are_refused,
          models_follow_their_universe, portfolios_are_answered_while_their_store_hangs,
          any_node_answers_and_portfolios_outlive_their_owner, bad_input_is_refused_by_name])
