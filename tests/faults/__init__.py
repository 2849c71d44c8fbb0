"""Proof that what was acknowledged is stored exactly once, whatever fails on the way."""
