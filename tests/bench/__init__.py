"""Benchmarks: run by hand, since what they measure depends on the machine."""
