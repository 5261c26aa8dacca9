"""Who gets the next caller: agents, skills, queues and dispatch."""
