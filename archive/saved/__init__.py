"""Pages that somebody saved: reading them, the bundles they come in, and the pictures beside
them.
"""
