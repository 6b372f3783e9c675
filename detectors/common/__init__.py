"""The common kinds, judged by one fused kernel."""
