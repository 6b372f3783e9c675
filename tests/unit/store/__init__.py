"""Journal, spool, snapshots and their damage."""
