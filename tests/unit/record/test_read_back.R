# Reads an output file of kith with hdf5r or rhdf5, whichever is installed, as a researcher would.
#
#     Rscript test_read_back.R FILE.h5
#
# R shows axes in reverse: stock[state, month, area, arm, replication]. Ends with status 1 if something is
# wrong.

path <- commandArgs(trailingOnly = TRUE)
if (length(path) != 1) stop("which file? Rscript test_read_back.R FILE.h5")

if (requireNamespace("hdf5r", quietly = TRUE)) {
    package <- "hdf5r"
    file <- hdf5r::H5File$new(path, mode = "r")
    read <- function(name) file[[name]]$read()
    attribute <- function(name, of) hdf5r::h5attr(if (of == "/") file else file[[of]], name)
    has <- function(name) file$exists(name)
} else if (requireNamespace("rhdf5", quietly = TRUE)) {
    package <- "rhdf5"
    read <- function(name) rhdf5::h5read(path, name)
    attribute <- function(name, of) rhdf5::h5readAttributes(path, of)[[name]]
    has <- function(name) {
        listing <- rhdf5::h5ls(path)
        sub("^/+", "", paste(listing$group, listing$name, sep = "/")) %in% name |> any()
    }
} else {
    stop("neither hdf5r nor rhdf5 is installed")
}

check <- function(condition, text) {
    if (!isTRUE(condition)) stop(paste0(path, ": ", text), call. = FALSE)
}

check(attribute("kith_schema", "/") == 1, "kith_schema is not 1")
check(nchar(attribute("title", "/")) > 0, "no title")
check(attribute("units", "series/stock") == "1", "units of stocks")
check(nchar(attribute("long_name", "series/stock")) > 0, "long_name of stocks")
check(grepl("^0x[0-9a-f]{16}$", read("provenance/seed")), "the seed is no hexadecimal text")

state <- read("axes/state")
month <- read("axes/month")
area <- read("axes/area")
arm <- read("axes/arm")
replication <- read("axes/replication")
stock <- read("series/stock")
axes <- c(length(state), length(month), length(area), length(arm), length(replication))
check(is.character(state) && all(grepl(".", state, fixed = TRUE)), "names of states")
check(length(stock) == prod(axes), "number of stocks")
if (!is.null(dim(stock))) check(identical(dim(stock)[dim(stock) > 1], axes[axes > 1]), "axes of stocks")
stock <- array(stock, axes) # some readers drop axes of length 1
check(!anyNA(stock) && all(stock >= 0), "stocks")

flow <- read("series/flow")
from <- read("model/transition/from")
to <- read("model/transition/to")
instant <- read("model/state/instant")
for (s in which(instant == 0)) {
    # everything that entered and left, over all cells that were done and all months
    net <- sum(as.numeric(flow)[rep(to == s - 1, length.out = length(flow))]) -
        sum(as.numeric(flow)[rep(from == s - 1, length.out = length(flow))])
    n <- length(month)
    check(sum(as.numeric(stock[s, n, , , ])) - sum(as.numeric(stock[s, 1, , , ])) == net,
          paste("stock of", state[s], "does not change by its flows"))
}

if (has("series/amount")) {
    kind <- read("axes/amount_kind")
    amount <- read("series/amount")
    axes <- c(length(kind), length(month) - 1, length(area), length(arm), length(replication))
    check(attribute("units", "series/amount") == "see /axes/amount_unit", "units of amounts")
    check(identical(as.vector(read("model/amount/name")), as.vector(kind)), "names of amounts")
    check(length(read("axes/amount_unit")) == length(kind), "number of units of amounts")
    check(length(amount) == prod(axes), "number of amounts")
    if (!is.null(dim(amount)))
        check(identical(dim(amount)[dim(amount) > 1], as.integer(axes[axes > 1])), "axes of amounts")
    check(!anyNA(amount) && all(amount == round(amount)), "amounts are not whole numbers")
}

if (has("trajectories")) {
    day <- read("trajectories/event/day")
    code <- read("trajectories/event/code")
    offset <- as.numeric(read("trajectories/family/event_offset"))
    check(length(day) == length(code), "rows of events")
    check(offset[1] == 0 && offset[length(offset)] == length(day), "offsets of events")
    check(!anyNA(offset) && !is.unsorted(offset), "offsets go back")
    if (is.factor(code)) check(all(levels(code) %in% read("axes/transition")), "names of transitions")
}
cat(path, ": read back with ", package, "\n", sep = "")
