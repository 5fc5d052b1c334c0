"""The pages, opened in a browser and compared with the data they are made of."""
