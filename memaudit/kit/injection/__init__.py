"""Proof from a trainer's own manifest that the canaries went in, each as often as designed, and no others."""
