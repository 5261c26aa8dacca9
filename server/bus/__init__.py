"""The event bus: what happens, told to others over MQTT as it happens. Off unless `bus.url` is set."""
