"""Greedy search and exact losses, one model kind a file."""
