"""Pictures: fetched, named, kept."""
