"""The parsers, by the part of the package that they belong to; each module has a ``PARSERS``."""
