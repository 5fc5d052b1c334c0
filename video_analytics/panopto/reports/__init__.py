"""Panopto's usage reports: getting them, reading them, and what they say together for a date."""
