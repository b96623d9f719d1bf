"""What the addresses of the inbox say, and what mail programs post."""

from django import forms

from portal.notices.enums import DeliveryState
from portal.notices.models import Delivery


class InboxForm(forms.Form):
    unread = forms.BooleanField(required=False)
    after = forms.IntegerField(required=False, min_value=1, help_text="The last notice of the page before.")


class OneClickForm(forms.Form):
    """What a mail program posts in its user's place (RFC 8058)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["List-Unsubscribe"] = forms.RegexField(r"^One-Click$")


class TroubleForm(forms.Form):
    """Which deliveries in trouble are listed, and from where on."""

    state = forms.ChoiceField(
        required=False, choices=[(DeliveryState.PARKED, ""), (DeliveryState.BOUNCED, "")], initial=DeliveryState.PARKED
    )
    after = forms.CharField(required=False)


class TryAgainForm(forms.Form):
    """One parked delivery, or all of them."""

    delivery = forms.ModelChoiceField(Delivery.objects.filter(state=DeliveryState.PARKED), required=False)
