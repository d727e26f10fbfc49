"""Results to one rendering a file."""
