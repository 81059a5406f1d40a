# What edgeR (3.40) makes of counts at places: tests/data/oracles/edger_places.csv, by `Rscript benchmarks/edger_places.R FILE`.
suppressMessages(library(edgeR))
set.seed(7)
places <- 60
size <- c(812, 420, 930, 377, 655, 501, 988, 743, 460, 600)
covariate <- rep(c(0, 1, 2, 0.5, 1.5), 2)
group <- rep(0:1, each = 5)
shape <- rep(c(1, 4, 30), length.out = places)  # places differ in how much animals do
rate <- matrix(rgamma(places * 10, shape, shape), places) * exp(outer(rnorm(places, 0, 0.5), group))
counts <- matrix(rpois(places * 10, t(t(0.01 * rate) * size)), places)
counts[1, group == 0] <- 0
design <- cbind(1, covariate, group)
fit <- glmQLFit(counts, design, dispersion = 0, lib.size = size, abundance.trend = FALSE)
test <- glmQLFTest(fit, coef = 3)
plain <- glmFit(counts, design, dispersion = 0, lib.size = size, prior.count = 0.125)
out <- data.frame(counts, matrix(size, places, 10, byrow = TRUE), plain$coefficients[, 3], test$table$F, test$df.total, test$table$PValue)
names(out) <- c(paste0("count_", 1:10), paste0("size_", 1:10), "log_ratio", "F", "df", "p")
write.csv(format(out, digits = 15), commandArgs(TRUE)[1], row.names = FALSE, quote = FALSE)
