"""Pictures, sound and video: fetched, named, kept."""
