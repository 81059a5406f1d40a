"""Statistical models of one family of features, on matrices: features × subjects or ROIs."""
