from tests.models.ctc_families import hama as make

__all__ = ["TEXT", "make"]

TEXT = "a b | o\u028a d\u0361\u0292"
