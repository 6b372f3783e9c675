"""Recordings through the engine: backtest, tuning, scenarios."""
