"""MEASURE: how fast Waywiser is on this machine, side by side with the least that the same work can cost."""
