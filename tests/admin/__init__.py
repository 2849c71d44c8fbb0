"""Tests of the admin's pages, through Flask's test client."""
