"""The page of storage and plans: from a snapshot of sessions to sliders that reckon in the page."""
