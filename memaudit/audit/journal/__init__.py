"""What an audit has heard so far, on disk as it comes, so that nothing is heard twice and nothing is lost.

A journal is one file of an audit's folder: a first line that says what it belongs to (`binding`), a line for
each batch of recordings that a model has heard (`recording`), and a last line once everything is there.
Shards of one audit are joined from their journals (`shards`).
"""
