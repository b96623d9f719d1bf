"""Notices by webhook: whither one may lead, what it is sent, and how."""

from portal.notices.webhooks.posting import Refused, post
from portal.notices.webhooks.sending import send, send_test
from portal.notices.webhooks.targets import BadTarget, check_target

__all__ = ["BadTarget", "Refused", "check_target", "post", "send", "send_test"]
