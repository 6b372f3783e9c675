"""Scaling, quality and freshness."""
