"""Tests of the numbers of retention: what is held, measured, and what scenarios make of it."""
