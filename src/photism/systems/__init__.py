"""The systems, one file a paper, and the dict that names them."""
