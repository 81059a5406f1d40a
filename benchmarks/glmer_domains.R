# What lme4 (1.1) makes of SIMULATED counts of the design of van Maldegem et al. (2021), 6 mice with 2 ROIs each: where the
# cells of each type live. tests/data/oracles/glmer_domains.csv, by `Rscript benchmarks/glmer_domains.R FILE`.
suppressMessages(library(lme4))
set.seed(11)
domains <- c("interface", "normal", "tumour")
types <- sprintf("type %02d", 1:8)
rois <- data.frame(mouse = rep(sprintf("m%d", 1:6), each = 2), roi = sprintf("m%d_%d", rep(1:6, each = 2), 1:2), arm = rep(c("Vehicle", "MRTX"), each = 6))
shift <- c(1.2, 0.6, 0.3, -0.5, -1, 0, 0, 0)  # of treated mice towards the tumour, as log odds against normal tissue
noise <- c(0, 0.25)  # of ROIs of a mouse, beyond counting: none, and some
rows <- NULL
for (extra in noise) for (t in seq_along(types)) {
  base <- c(rnorm(1, -0.5, 0.4), 0, rnorm(1, 0, 0.6))
  of_mouse <- matrix(rnorm(18, 0, 0.25), 6)
  for (i in seq_len(nrow(rois))) {
    eta <- base + of_mouse[(i + 1) %/% 2, ] + rnorm(3, 0, extra) + shift[t] * (rois$arm[i] == "MRTX") * c(0.4, 0, 1)
    n <- rpois(1, exp(rnorm(1, log(600), 0.2)))
    k <- rmultinom(1, n, exp(eta))[, 1]
    rows <- rbind(rows, data.frame(noise = extra, cell_type = types[t], domain = domains, rois[i, ], k = k, n = n, row.names = NULL))
  }
}
rows$arm <- factor(rows$arm, c("Vehicle", "MRTX"))
fits <- NULL
for (extra in noise) for (t in types) for (d in domains) {
  one <- subset(rows, noise == extra & cell_type == t & domain == d)
  random <- if (extra > 0) "(1 | mouse) + (1 | roi)" else "(1 | mouse)"
  fit <- suppressMessages(glmer(as.formula(paste("cbind(k, n - k) ~ arm +", random)), one, family = binomial, nAGQ = if (extra > 0) 1 else 15))
  found <- coef(summary(fit))[2, ]
  fits <- rbind(fits, data.frame(noise = extra, cell_type = t, domain = d, effect = found[1], se = found[2], p = found[4]))
}
out <- merge(rows, fits, sort = FALSE)
out <- out[order(out$noise, out$cell_type, out$roi, out$domain), ]
write.csv(format(out, digits = 10, trim = TRUE), commandArgs(TRUE)[1], row.names = FALSE, quote = FALSE)
