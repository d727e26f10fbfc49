"""What CTC recognisers share, whatever runs their graph."""
