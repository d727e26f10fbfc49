"""Files that were made to do harm: each is refused in one line, in bounded memory, and does nothing."""
