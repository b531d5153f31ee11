"""Pages that somebody saved: bundles, and the pictures beside them."""
