"""The console without a browser: API, stream, guard, metrics, pages and words."""
