"""What is kept on disk: journal, inputs, snapshots, cursors, spool, archive."""
