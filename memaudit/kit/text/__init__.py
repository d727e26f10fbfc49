"""Random texts of known entropy: one style a file, behind one interface and one registry."""

from memaudit.kit.text.draw import LARGEST_SHARE, draw_texts
from memaudit.kit.text.registry import STYLES, text_source
from memaudit.kit.text.source import TextSource
from memaudit.kit.text.words import WordSource

__all__ = ["LARGEST_SHARE", "STYLES", "TextSource", "WordSource", "draw_texts", "text_source"]
