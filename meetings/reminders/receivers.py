"""Receivers of what meetings announce: each only writes rows."""
