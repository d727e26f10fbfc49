"""Joins kits, models and statistics into an audit."""
