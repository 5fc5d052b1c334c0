"""The pages of a course: from its tables in the lake to the overview and the view of each video."""
