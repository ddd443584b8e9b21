"""Arrow columns of any type as the few forms that kernels take."""
