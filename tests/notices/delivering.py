"""Deliver what is due now, as the jobs do."""

from portal.notices.carriers import MailCarrier, WebhookCarrier
from portal.notices.delivery import deliver
from portal.notices.enums import WEBHOOKS, Channel


def deliver_mail() -> int:
    return deliver(Channel.EMAIL, MailCarrier())


def deliver_webhooks() -> int:
    return sum(deliver(channel, WebhookCarrier(channel)) for channel in WEBHOOKS)
