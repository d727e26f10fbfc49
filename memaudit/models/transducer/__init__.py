"""What transducers share: the encoder, the networks behind it, one utterance, the recogniser."""
