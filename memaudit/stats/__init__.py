"""Pure functions on arrays: numpy and scipy only, one statistic a file."""
