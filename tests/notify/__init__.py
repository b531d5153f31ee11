"""Alerts: what is told, by which way, once."""
