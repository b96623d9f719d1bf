"""What a worker does for the portal as a whole: it says that it lives, and does not start beside demo accounts."""

from celery.signals import celeryd_init, heartbeat_sent

from portal.broker import tell_worker_alive
from portal.shell.demo_guard import refuse_demo_accounts

celeryd_init.connect(refuse_demo_accounts, weak=False)
heartbeat_sent.connect(tell_worker_alive, weak=False)
