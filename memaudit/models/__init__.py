"""Recognisers: one model family a file behind one interface."""
