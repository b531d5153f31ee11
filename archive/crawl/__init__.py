"""What the crawl remembers between runs: the queue, watched sources, albums, cool-downs."""
