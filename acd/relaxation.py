"""What is required of an agent after a caller has waited for some time."""

from acd.settings import QueueSettings
from acd.skills import Requirement


def required_after(queue: QueueSettings, wished: Requirement, steps: int) -> Requirement:
    """The queue's requirement refined by the caller's, less the first steps of the queue's relaxation. A step
    that names a skill not required, or a level that is no lower, changes nothing."""
    required = Requirement.of(queue.skills).refined_by(wished)
    if not steps:
        return required
    levels = dict(required.levels)
    for step in queue.relax[:steps]:
        if step.level < levels.get(step.skill, 0):
            levels[step.skill] = step.level
    return Requirement.of({skill: level for skill, level in levels.items() if level})
