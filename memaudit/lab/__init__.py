"""Small recognisers trained with and without clipping, audited by the public commands."""
