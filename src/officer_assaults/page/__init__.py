"""Page: what a notebook speaks with, and how its output becomes a page and a site."""
