"""Lets `python -m server` be the `waywiser` command."""

from server.cli import main

main()
