"""New folders from templates: a corpus of one's own, and a builder to be written."""
