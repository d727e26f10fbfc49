from tests.models.ctc_families import TEXT
from tests.models.ctc_families import gigaam as make

__all__ = ["TEXT", "make"]
