"""The flow engine: a pure core that is resumed with an input until it must wait again."""
