"""Times numpy, scipy, pandas, sklearn, statsmodels and cvxopt on the rows of bench_quant.
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
if cvxopt := module("cvxopt"):
    cvxopt.solvers.options.update(show_progress=False, abstol=1e-10, reltol=1e-10, feastol=1e-10)
    for n, what in ((50, "minimum variance of 50, long only"), (N, "minimum variance of 500, long only")):
        scaled = cvxopt.matrix(covariance[:n, :n] / covariance[0, 0])
        identity = cvxopt.spmatrix(-1.0, range(n), range(n))
        parts = (scaled, cvxopt.matrix(0.0, (n, 1)), identity, cvxopt.matrix(0.0, (n, 1)),
                 cvxopt.matrix(1.0, (1, n)), cvxopt.matrix(1.0))
        timed(what, "cvxopt qp", lambda parts=parts: cvxopt.solvers.qp(*parts), runs=min(RUNS, 5))
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
