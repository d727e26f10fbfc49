"""Encoder/decoder models with attention: their graphs, and the recogniser that they share."""
