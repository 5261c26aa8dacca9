"""The names by which all packages speak of the same thing."""

from typing import NewType

AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
ContactId = NewType("ContactId", str)
OfferId = NewType("OfferId", str)
"""One attempt to join one contact with one agent: it names the agent's leg from the first ring to its end."""
DeviceId = NewType("DeviceId", str)
"""One registered binding of an agent: an agent with a desk phone and a softphone has two."""
CallId = NewType("CallId", str)
"""A call of an agent that dispatch did not make."""
ParticipantId = NewType("ParticipantId", str)
"""One party of a contact: it names their recorded track and their facts, also after their leg has gone."""
LegId = NewType("LegId", str)
"""One call as its owner sees it: the signalling and sound of one participant, for as long as they last."""
