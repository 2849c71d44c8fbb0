"""The admin: server-rendered pages that show journeys, customers and live events to people who sign in."""
