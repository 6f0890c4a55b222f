"""Requests on paper: what is printed (`content`), and how it looks (`paper`)."""
