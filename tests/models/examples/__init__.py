"""One working model of every family, in a module of the family's name.

Each has ``make(folder) -> Path``, which writes the model's files as the family does and gives one
of them, and ``TEXT``, which its tokens can write.
"""
