"""UNDERSTAND: questions about journeys. No Flask here and no HTML."""
