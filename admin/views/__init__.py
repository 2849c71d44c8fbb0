"""The pages of the admin, one file a family."""
