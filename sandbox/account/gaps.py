"""Operations that moto 5.2.5 lacks and that somebody in the sandbox asks for."""

from __future__ import annotations

import json

from moto.shield.responses import ShieldResponse

from sandbox.account.extend import Extensions


def install(extensions: Extensions) -> None:
    """Add them to moto."""

    def get_subscription_state(_self: ShieldResponse) -> str:
        # The AWS Load Balancer Controller asks on every deploy; without a subscription this is the answer.
        return json.dumps({"SubscriptionState": "INACTIVE"})

    extensions.replace(ShieldResponse, "get_subscription_state", lambda _: get_subscription_state)
