"""What a campaign says about the call of one contact.

Responsible for putting the two together. Must never know when or how it is called.
"""

from __future__ import annotations

from controller.dialer.campaign import CampaignSettings
from controller.dialer.model import Contact
from controller.dialer.ports import CallOrder


def order_of(settings: CampaignSettings, contact: Contact, attempt_id: str, caller_id: str) -> CallOrder:
    """The call to place, by the bot of the contact's language."""
    variables = {**contact.variables, "name": contact.name, "number": contact.number}
    return CallOrder(
        attempt_id=attempt_id,
        number=contact.number,
        bot=settings.bot_for(contact.language),
        gateway=settings.gateway,
        caller_id=caller_id,
        ring_s=settings.ring_s,
        language=contact.language,
        variables={key: value for key, value in variables.items() if value},
        machine=settings.machine,
        message=settings.message,
        introduction=settings.introduction,
    )
