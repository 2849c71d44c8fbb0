"""Forgetting: erasures with signed receipts, who may not come back, and how long events are kept."""
