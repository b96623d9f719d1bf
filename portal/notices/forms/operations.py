"""What the operator's page reads."""

from __future__ import annotations

from django import forms

from portal.notices.enums import DeliveryState
from portal.notices.models import Delivery


class TroubleForm(forms.Form):
    """Which deliveries in trouble are listed, and from where on."""

    state = forms.ChoiceField(
        required=False, choices=[(DeliveryState.PARKED, ""), (DeliveryState.BOUNCED, "")], initial=DeliveryState.PARKED
    )
    after = forms.CharField(required=False)


class TryAgainForm(forms.Form):
    """One parked delivery, or all of them."""

    delivery = forms.ModelChoiceField(Delivery.objects.filter(state=DeliveryState.PARKED), required=False)
