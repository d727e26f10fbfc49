"""Model families, one a file; `memaudit.models.registry` names them."""
