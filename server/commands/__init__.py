"""The subcommands of `waywiser`, one file a family; each parses, calls one function and prints."""
