"""Panopto: from its two APIs into the lake, and from there to the files people use."""
