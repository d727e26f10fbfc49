"""Model families, one a file: each module has an `ADAPTER`; the registry walks this package."""
