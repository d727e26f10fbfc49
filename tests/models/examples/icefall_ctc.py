from tests.models.ctc_families import TEXT
from tests.models.ctc_families import icefall as make

__all__ = ["TEXT", "make"]
