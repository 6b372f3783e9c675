"""Output: events as JSON by POST to any HTTP server."""
