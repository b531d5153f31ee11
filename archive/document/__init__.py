"""An ``Article`` as its Markdown file, and that file read back. Pure."""
