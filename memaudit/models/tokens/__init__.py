"""A model's tokens: text to indices and back, one kind of vocabulary a file."""
