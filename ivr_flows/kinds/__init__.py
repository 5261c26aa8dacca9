"""One module per kind of node: its keys as data, and what it does.

From the keys come the reader, the JSON Schema, completion, the documentation and the simulator's view.
"""
