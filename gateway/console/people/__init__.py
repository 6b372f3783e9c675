"""Who may look and who may act: accounts, sessions, panels, tokens, and the one table of rights."""
