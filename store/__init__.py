"""KEEP: how things are kept. No Flask here and no business rules."""
