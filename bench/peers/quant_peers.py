"""Times numpy, scipy, pandas, sklearn, statsmodels, pomegranate and cvxopt on the rows of bench_quant.
Prints `what, peer, milliseconds` with tabs between; what cannot be imported is named and skipped.
  quant_peers.py RUNS"""
import importlib
import statistics
import sys
import time

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
N, T, BARS = 500, 1000, 1_000_000


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError as reason:
        print(f"skipped {name}: {reason}")
        return None


def timed(what, peer, work, runs=RUNS):
    try:
        work()
    except ImportError as reason:  # of a library that a module loads late
        print(f"skipped {peer}: {reason}")
        return
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    print(f"{what}\t{peer}\t{statistics.median(times):.6g}", flush=True)


np = module("numpy")
if np is None:
    sys.exit(0)
generator = np.random.default_rng(11)
returns = 0.01 * (0.5 * generator.standard_normal((T, 1)) + generator.standard_normal((T, N)))
covariance = np.cov(returns.T)
correlation = np.corrcoef(returns.T)


def hrp(scipy_hierarchy, squareform):
    """Lopez de Prado's recursion as Python libraries write it."""
    distance = np.sqrt(np.clip((1 - correlation) / 2, 0, 1))
    order = scipy_hierarchy.to_tree(
        scipy_hierarchy.linkage(squareform(distance, checks=False), "single")).pre_order()
    weights = np.ones(N)

    def variance(items):
        part = covariance[np.ix_(items, items)]
        inverse = 1 / np.diag(part)
        inverse /= inverse.sum()
        return inverse @ part @ inverse
    clusters = [order]
    while clusters:
        clusters = [half for items in clusters if len(items) > 1
                    for half in (items[:len(items) // 2], items[len(items) // 2:])]
        for left, right in zip(clusters[::2], clusters[1::2]):
            a, b = variance(left), variance(right)
            weights[left] *= 1 - a / (a + b)
            weights[right] *= a / (a + b)
    return weights


def erc(optimize):
    """The same convex problem by L-BFGS, to contributions equal within 1e-6."""
    def objective(x):
        slope = correlation @ x
        return 0.5 * x @ slope - np.log(x).sum() / N, slope - 1 / (N * x)
    start = np.full(N, 1 / np.sqrt(N * correlation.mean() * N))
    return optimize.minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(1e-9, None)] * N,
                             options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}).x


def dcc(optimize, signal, observed):
    """Engle's two steps over whole arrays: scipy's filters run the recursions, numpy inverts all
    correlations of an evaluation at once, L-BFGS-B with numeric slopes climbs; no standard errors."""
    def variances(parameters, squares):
        omega, a, b = parameters
        driven = omega + a * np.concatenate(([squares.mean()], squares[:-1]))
        return signal.lfilter([1.0], [1.0, -b], driven, zi=[b * squares.mean()])[0]

    def margin(squares):
        def loss(parameters):
            h = variances(parameters, squares)
            return 0.5 * (np.log(h) + squares / h).sum()
        level = squares.mean()
        fitted = optimize.minimize(loss, [0.05 * level, 0.05, 0.9], method="L-BFGS-B",
                                   bounds=[(1e-8 * level, None), (0, 0.999), (0, 0.999)]).x
        return np.sqrt(variances(fitted, squares))
    z = np.column_stack([column / margin(column ** 2) for column in observed.T])
    outer = z[:, :, None] * z[:, None, :]
    target = outer.mean(axis=0)

    def loss(parameters):
        a, b = parameters
        if a + b >= 0.9999:
            return 1e10
        driven = (1 - a - b) * target + a * np.concatenate((target[None], outer[:-1]))
        q = signal.lfilter([1.0], [1.0, -b], driven, axis=0, zi=b * target[None])[0]
        roots = np.sqrt(np.einsum("tii->ti", q))
        r = q / roots[:, :, None] / roots[:, None, :]
        fit = np.einsum("ti,ti->t", z, np.linalg.solve(r, z[:, :, None])[:, :, 0])
        return 0.5 * (np.linalg.slogdet(r)[1] + fit).sum()
    return optimize.minimize(loss, [0.03, 0.94], method="L-BFGS-B", bounds=[(0, 0.5), (0.3, 0.9998)]).x


def hmm(library, observed):
    """20 Baum-Welch iterations from where bench_quant_vol begins."""
    transition = np.full((3, 3), 0.02)
    np.fill_diagonal(transition, 0.96)
    states = [library.NormalDistribution(0, variance ** 0.5) for variance in (0.3, 1.0, 3.0)]
    model = library.HiddenMarkovModel.from_matrix(transition, states, np.full(3, 1 / 3))
    return model.fit([observed], max_iterations=20, stop_threshold=-1e18, n_jobs=1)


timed("correlation 500 x 1000", "numpy corrcoef", lambda: np.corrcoef(returns.T))
timed("eigendecomposition 500", "numpy eigh", lambda: np.linalg.eigh(correlation))
if linalg := module("scipy.linalg"):
    timed("10 largest components of 500", "scipy eigh, subset",
          lambda: linalg.eigh(correlation, subset_by_index=[N - 10, N - 1]))
if pandas := module("pandas"):
    frame = pandas.DataFrame(returns)
    close = pandas.Series(100 * np.exp(np.cumsum(0.001 * generator.standard_normal(BARS))))
    timed("correlation 500 x 1000", "pandas corr", frame.corr, runs=min(RUNS, 3))

    def bands():
        window = close.rolling(20)
        middle, deviation = window.mean(), window.std(ddof=0)
        lower, upper = middle - 2 * deviation, middle + 2 * deviation
        return (close - lower) / (upper - lower)
    timed("Bollinger(20, 2), 1M bars", "pandas rolling", bands, runs=min(RUNS, 5))
if sklearn := module("sklearn.covariance"):
    timed("Ledoit-Wolf 500 x 1000", "sklearn LedoitWolf", lambda: sklearn.LedoitWolf().fit(returns))
if hierarchy := module("scipy.cluster.hierarchy"):
    from scipy.spatial.distance import squareform
    timed("HRP of 500", "scipy linkage + numpy", lambda: hrp(hierarchy, squareform), runs=min(RUNS, 5))
if optimize := module("scipy.optimize"):
    timed("ERC of 500", "scipy L-BFGS-B", lambda: erc(optimize), runs=min(RUNS, 3))
    signal = module("scipy.signal")
    common, own = generator.standard_normal((2000, 1)), generator.standard_normal((2000, 10))
    weight = 0.6 + 0.3 * np.sin(np.arange(2000) * 2 * np.pi / 250)[:, None]
    shocks, h = weight * common + np.sqrt(1 - weight ** 2) * own, np.ones(10)
    for t, shock in enumerate(shocks):
        shocks[t] = np.sqrt(h) * shock
        h = 0.03 + 0.08 * shocks[t] ** 2 + 0.89 * h
    timed("DCC(1,1) fit, 10 x 2000", "numpy + scipy L-BFGS-B", lambda: dcc(optimize, signal, shocks),
          runs=min(RUNS, 3))
if cvxopt := module("cvxopt"):
    cvxopt.solvers.options.update(show_progress=False, abstol=1e-10, reltol=1e-10, feastol=1e-10)
    for n, what in ((50, "minimum variance of 50, long only"), (N, "minimum variance of 500, long only")):
        scaled = cvxopt.matrix(covariance[:n, :n] / covariance[0, 0])
        identity = cvxopt.spmatrix(-1.0, range(n), range(n))
        parts = (scaled, cvxopt.matrix(0.0, (n, 1)), identity, cvxopt.matrix(0.0, (n, 1)),
                 cvxopt.matrix(1.0, (1, n)), cvxopt.matrix(1.0))
        timed(what, "cvxopt qp", lambda parts=parts: cvxopt.solvers.qp(*parts), runs=min(RUNS, 5))
if pomegranate := module("pomegranate"):
    regime = np.cumsum(generator.random(20_000) < 0.02) % 3
    regimes = (0.05 - 0.05 * regime) + 0.5 * 2.0 ** regime * generator.standard_normal(20_000)
    timed("HMM of 3 states x 20 000, 20 iterations", "pomegranate", lambda: hmm(pomegranate, regimes),
          runs=min(RUNS, 5))
if mixture := module("sklearn.mixture"):
    two = returns[:, :2]
    timed("Gaussian mixture, 2 components", "sklearn GaussianMixture",
          lambda: mixture.GaussianMixture(2, random_state=0).fit(two), runs=min(RUNS, 3))
if statsmodels := module("statsmodels.tsa.regime_switching.markov_regression"):
    state = np.cumsum(generator.random(1859) < 0.04) % 2
    switching = np.where(state == 1, -0.1, 0.1) + np.where(state == 1, 1.6, 0.7) * generator.standard_normal(1859)
    timed("Markov-switching fit, 1859 observations", "statsmodels MarkovRegression",
          lambda: statsmodels.MarkovRegression(switching, k_regimes=2, switching_variance=True).fit(disp=False),
          runs=min(RUNS, 3))
