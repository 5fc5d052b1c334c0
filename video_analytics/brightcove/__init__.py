"""Brightcove: catalogue, analytics and last views of a company's accounts."""
