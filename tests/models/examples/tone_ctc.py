from tests.models.ctc_families import tone as make

__all__ = ["TEXT", "make"]

TEXT = "the bin"
