"""The county node: merges events of many gateways, rolls up, watches liveness."""
