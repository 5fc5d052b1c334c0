"""Tests of what the machine must offer."""
