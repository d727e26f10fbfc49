"""What every figure, warning, verdict and exit code means: one short Markdown page each.

It lies below the other packages and knows none of them, so that commands and reports may both use it.
"""

from memaudit.explain.pages import Page, UnknownTermError, page, pages

__all__ = ["Page", "UnknownTermError", "page", "pages"]
