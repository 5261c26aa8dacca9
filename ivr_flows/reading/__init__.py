"""From the bytes of a flow file to its definition, with every mistake noted at its place."""
