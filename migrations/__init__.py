"""How the stores came to their shape: Alembic versions for the relational store, numbered SQL for events."""
