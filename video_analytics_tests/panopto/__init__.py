"""Tests of the Panopto room."""
