"""The data every other package speaks: batches, quality, tags, rules, inputs, events, commands, ports, errors.

Pure: numpy and standard types only. See the modules; nothing is re-exported here.
"""
