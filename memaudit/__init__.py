"""memaudit: has the speech recogniser memorised its training data?"""

__version__ = "0.1.0"
