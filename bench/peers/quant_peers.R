# Times R's TTR and fGarch on the rows of bench_quant; prints what, peer, milliseconds.
#   R --no-echo --no-restore --vanilla -f quant_peers.R --args RUNS
arguments <- commandArgs(trailingOnly = TRUE)
runs <- if (length(arguments) > 0) as.integer(arguments[1]) else 5L
timed <- function(what, peer, work) {
  work()
  times <- sapply(seq_len(runs), function(i) 1000 * sum(system.time(work())[c("user.self", "sys.self")]))
  cat(what, "\t", peer, "\t", median(times), "\n", sep = "")
}
set.seed(7)
bars <- 1000000L
if (suppressWarnings(suppressMessages(require(TTR, quietly = TRUE)))) {
  close <- 100 * exp(cumsum(0.001 * rnorm(bars)))
  hlc <- cbind(High = close * (1 + 0.001 * abs(rnorm(bars))), Low = close * (1 - 0.001 * abs(rnorm(bars))),
               Close = close)
  timed("ADX(14), 1M bars", "R TTR ADX", function() ADX(hlc, 14))
  ohlc <- cbind(Open = c(100, close[-bars]), High = pmax(hlc[, "High"], c(100, close[-bars])),
                Low = pmin(hlc[, "Low"], c(100, close[-bars])), Close = close)
  timed("ATR(14), 1M bars", "R TTR ATR", function() ATR(hlc, 14))
  timed("RSI(14), 1M bars", "R TTR RSI", function() RSI(close, 14))
  timed("Yang-Zhang(20), 1M bars", "R TTR Yang-Zhang", function() volatility(ohlc, 20, calc = "yang.zhang"))
  timed("Bollinger(20, 2), 1M bars", "R TTR BBands", function() BBands(close, 20, sd = 2))
} else cat("skipped R TTR: not installed\n")
if (suppressWarnings(suppressMessages(require(fGarch, quietly = TRUE)))) {
  e <- numeric(2000)
  h <- 1
  for (t in seq_along(e)) {
    e[t] <- sqrt(h) * rnorm(1)
    h <- 0.03 + 0.08 * e[t]^2 + 0.89 * h
  }
  timed("GARCH(1,1) fit, 2000 observations", "R fGarch",
        function() suppressWarnings(garchFit(~garch(1, 1), data = e, trace = FALSE)))
} else cat("skipped R fGarch: not installed\n")
