"""The page of all Brightcove accounts: from their days and catalogues to what was watched, and where."""
