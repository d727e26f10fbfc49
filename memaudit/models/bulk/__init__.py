"""Recognisers that take many utterances at once: a Python function, another program."""
