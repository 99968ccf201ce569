"""Where work goes."""

from shared.cloud.tasks import TaskQueue
from shared.wiring.base import Base


def queue(b: Base) -> TaskQueue:
    """Cloud Tasks, delivering to this deployment's functions."""
    return TaskQueue(
        project=b.settings.project,
        region=b.settings.region,
        endpoint=b.settings.tasks_endpoint,
        public_url=b.settings.public_url,
        account=b.settings.tasks_account,
    )
