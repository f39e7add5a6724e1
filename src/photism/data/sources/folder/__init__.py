"""Own recordings and pictures, from files as they lie."""
