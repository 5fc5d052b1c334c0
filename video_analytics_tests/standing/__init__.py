"""Tests of the calendar and the corrections."""
