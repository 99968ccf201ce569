"""Where work goes."""

from shared.cloud.tasks import TaskQueue
from shared.wiring.platform import Platform


def queue(p: Platform) -> TaskQueue:
    """Cloud Tasks, delivering to this deployment's functions."""
    return TaskQueue(
        project=p.settings.project,
        region=p.settings.region,
        endpoint=p.settings.tasks_endpoint,
        public_url=p.settings.machine_url or p.settings.public_url,
        account=p.settings.tasks_account,
    )
