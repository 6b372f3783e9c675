"""Recorded readings through the same engine: backtest, tuning, scenarios. Nothing here runs beside a live gateway."""
