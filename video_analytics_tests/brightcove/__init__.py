"""Tests of the Brightcove room."""
