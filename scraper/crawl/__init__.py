"""The one loop that turns addresses into articles: what to do next, when to wait, when to stop."""
