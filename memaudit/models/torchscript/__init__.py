"""What the TorchScript families share; torch is imported only when one is loaded."""
