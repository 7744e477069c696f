# A second opinion on the chain, in another language and by another method: the mass in each state is followed by time
# spent there (McKendrick's equation, step by step), and for the same chain with exponential clocks only, msm's matrix
# exponential. Compared with `kith summary --json`: chi-square at 1, 5 and 18 years; level 1e-7 each, fixed seed, and a
# twin with one scale 10% off that has to fail.
#
# usage: Rscript test_chain_msm.R path/to/kith path/to/chain.yaml   (else from $KITH and $SCENARIOS)
args <- commandArgs(trailingOnly = TRUE)
if (length(args) != 2)
    args <- c(Sys.getenv("KITH"), file.path(Sys.getenv("SCENARIOS"), "chain.yaml"))
if (args[1] == "" || !all(file.exists(args))) {
    cat("no kith or chain.yaml\n")
    quit(status = 77)
}
families <- 100000
times <- c(1, 5, 18)
level <- 1e-7

# from, to, shape and scale of each clock; an exponential one is a Weibull of shape 1
clocks <- data.frame(
    from = c(0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5) + 1,
    to = c(1, 2, 0, 2, 0, 3, 4, 0, 4, 5, 3, 5, 3, 0) + 1,
    shape = c(1, 1, 1.5, 1, 1.3, 1, 1, 1.5, 1, 1, 1.4, 1, 1.2, 1),
    scale = c(1 / 0.40, 1 / 0.30, 1.2, 1 / 0.45, 0.8, 1 / 0.90, 1 / 0.25, 1.3, 1 / 0.30, 1 / 0.08, 1.1, 1 / 0.30, 2.5,
              1 / 0.20))

# Stocks of the states at the three times, from a run of the scenario.
stocks <- function(scenario) {
    out <- tempfile(fileext = ".h5")
    on.exit(unlink(out))
    stopifnot(system2(args[1], c("run", shQuote(scenario), "-o", out, "--quiet", "--replications", "1", "--seed", "9",
                                 "--set", paste0("population.families=", families))) == 0)
    lines <- system2(args[1], c("summary", out, "--json"), stdout = TRUE)
    sapply(times, function(t) sapply(0:5, function(s) {
        line <- grep(sprintf("\"stock.chain.s%d\", \"time\": %d,", s, t), lines, value = TRUE)
        stopifnot(length(line) == 1)
        as.numeric(sub(".*\"mean\": ([0-9.e+]+),.*", "\\1", line))
    }))
}

# Occupancy: mass[j, s] is in state s and has been there for begin[j]. In a step everybody stays and grows older, or leaves.
occupancy_on <- function(k, h) {
    n <- round(max(times) / h)
    age <- (seq_len(n + 1) - 0.5) * h
    # the first step of a stay is half as long: those who enter in a step do so in its middle on average
    begin <- c(0, age[-length(age)])
    stay <- leave <- vector("list", 6)
    for (s in 1:6) {
        mine <- which(k$from == s)
        rise <- sapply(mine, function(i) (age / k$scale[i])^k$shape[i] - (begin / k$scale[i])^k$shape[i])
        total <- rowSums(rise)
        stay[[s]] <- exp(-total)
        leave[[s]] <- lapply(seq_along(mine), function(j) list(to = k$to[mine[j]], p = -expm1(-total) * rise[, j] / total))
    }
    mass <- matrix(0, n + 1, 6)
    mass[1, 1] <- 1
    result <- matrix(0, 6, length(times))
    for (step in seq_len(n)) {
        entered <- numeric(6)
        for (s in 1:6) {
            for (l in leave[[s]])
                entered[l$to] <- entered[l$to] + sum(mass[, s] * l$p)
            mass[, s] <- c(0, (mass[, s] * stay[[s]])[-(n + 1)])
        }
        mass[1, ] <- entered
        at <- which(abs(step * h - times) < h / 2)
        if (length(at))
            result[, at] <- colSums(mass)
    }
    result
}
# Those who are there at time 0 are treated like entrants of a step before, so the error is of first order in h; the
# difference of two steps takes it away.
occupancy <- function(k, h = 0.02) {
    coarse <- occupancy_on(k, h)
    fine <- occupancy_on(k, h / 2)
    p <- 2 * fine - coarse
    stopifnot(max(abs(p - fine)) < 0.01, max(abs(colSums(p) - 1)) < 1e-9)
    p
}

p_value <- function(count, p)
    min(sapply(seq_along(times), function(t) {
        expected <- families * p[, t]
        pchisq(sum((count[, t] - expected)^2 / expected), 5, lower.tail = FALSE)
    }))

failed <- FALSE
compare <- function(what, count, right, wrong) {
    p <- p_value(count, right)
    q <- p_value(count, wrong)
    cat(sprintf("%s: p %.3g; with a scale 10%% off %.3g\n", what, p, q))
    if (!(p > level) || q > level)
        failed <<- TRUE
}

off <- clocks
off$scale[8] <- off$scale[8] * 1.1
compare("chain", stocks(args[2]), occupancy(clocks), occupancy(off))

if (requireNamespace("msm", quietly = TRUE)) {
    text <- readLines(args[2])
    for (i in grep("weibull", text)) {
        scale <- as.numeric(sub(".*scale: ([0-9.]+) years.*", "\\1", text[i]))
        text[i] <- sub("\\{weibull: \\{[^}]*\\}\\}", sprintf("{exponential: %.12f /year}", 1 / scale), text[i])
    }
    scenario <- tempfile(fileext = ".yaml")
    writeLines(text, scenario)
    by_msm <- function(k) {
        q <- matrix(0, 6, 6)
        q[cbind(k$from, k$to)] <- 1 / k$scale
        diag(q) <- -rowSums(q)
        sapply(times, function(t) msm::MatrixExp(q, t)[1, ])
    }
    compare("exponential chain by msm", stocks(scenario), by_msm(clocks), by_msm(off))
    unlink(scenario)
}
quit(status = as.integer(failed))
