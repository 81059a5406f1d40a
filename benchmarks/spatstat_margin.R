# What spatstat (3.0) makes of the distance to a margin: tests/data/oracles/spatstat_margin.csv, by
# `Rscript benchmarks/spatstat_margin.R FILE`. A SIMULATED mask of squares of 10 µm; distmap of the squares of either side
# (passed on from square to square, so that a few are not the shortest), and nncross (exact).
suppressMessages(library(spatstat.geom))
set.seed(3)
nx <- 46; ny <- 38; step <- 10
x <- (seq_len(nx) - 0.5) * step; y <- (seq_len(ny) - 0.5) * step
at <- expand.grid(x = x, y = y)
lobes <- with(at, (hypot <- sqrt((x - 190)^2 + (y - 170)^2)) - 110 * (1 + 0.25 * sin(3 * atan2(y - 170, x - 190))))
mask <- lobes < 0 | with(at, (x - 380)^2 + (y - 300)^2 < 45^2)
mask[sample(length(mask), 25)] <- TRUE  # and squares here and there
window <- owin(c(0, nx * step), c(0, ny * step))
distance <- function(which) {
  image <- distmap(ppp(at$x[which], at$y[which], window), dimyx = c(ny, nx))
  image$v[cbind(round((at$y + step / 2) / step), round((at$x + step / 2) / step))]
}
exact <- function(which) nncross(ppp(at$x, at$y, window), ppp(at$x[which], at$y[which], window), what = "dist")
out <- data.frame(i = round(at$x / step - 0.5), j = round(at$y / step - 0.5), tumour = as.integer(mask), to_tumour_um = distance(mask), to_other_um = distance(!mask), to_tumour_exact_um = exact(mask), to_other_exact_um = exact(!mask))
write.csv(format(out, digits = 12, trim = TRUE), commandArgs(TRUE)[1], row.names = FALSE, quote = FALSE)
