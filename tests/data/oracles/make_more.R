# What limma and survival give on variants of the inputs beside this file: robust priors, missing values, Cox.
# Rscript --vanilla make_more.R, in this folder (R 4.2.2, limma 3.54.1, statmod 1.5.0, survival 3.5-3).
suppressMessages({library(limma); library(survival)})
expr <- read.csv("limma_expr.csv", row.names = 1); samples <- read.csv("limma_samples.csv")
y <- as.matrix(expr); X <- model.matrix(~ arm + batch, samples)
holes <- y; holes[cbind(rep(1:40, each = 2), (1:80 * 7) %% 18 + 1)] <- NA
one <- function(y, name, ...) {
  e <- eBayes(lmFit(y, X), ...)
  t <- topTable(e, coef = "armtrt", number = Inf, sort.by = "none", confint = TRUE)
  out <- data.frame(marker = rownames(t), t[, c("logFC", "CI.L", "CI.R", "t", "P.Value", "adj.P.Val")],
                    df_prior = e$df.prior, s2_prior = e$s2.prior, s2_post = e$s2.post, df_total = e$df.total)
  write.csv(out, sprintf("limma_%s.csv", name), row.names = FALSE, quote = FALSE)
}
one(y, "robust", robust = TRUE)
wild <- y; wild[1:2, ] <- 6 * wild[1:2, ]  # variances far beyond the others
one(wild, "robust_wild", robust = TRUE)
one(holes, "missing"); one(holes, "missing_robust", robust = TRUE)

set.seed(5); n <- 40
d <- data.frame(x = signif(rnorm(n), 6), age = signif(rnorm(n, 60, 8), 6))
d$time <- ceiling(rexp(n, .03 * exp(.6 * d$x))); d$event <- as.integer(runif(n) < .75)
write.csv(d, "cox_data.csv", row.names = FALSE, quote = FALSE)
cox <- function(f, ties) { s <- summary(coxph(f, d, ties = ties)); data.frame(ties, model = deparse(f[[3]]),
  coef = s$coefficients["x", 1], se = s$coefficients["x", 3], p = s$coefficients["x", 5], loglik = s$loglik) }
fits <- list(cox(Surv(time, event) ~ x, "efron"), cox(Surv(time, event) ~ x + age, "efron"))
fits <- lapply(fits, function(f) f[2, ])
write.csv(do.call(rbind, fits), "cox.csv", row.names = FALSE, quote = FALSE)
