"""Canary kits: recipe, text, speech, speed, assignment and the folder on disk."""
