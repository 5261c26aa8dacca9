"""The subcommands of `trunkline`, one module each."""
