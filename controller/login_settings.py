"""Settings of the login: who may talk without one, and how long one lasts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from controller.setting_types import Section


class LoginSettings(Section):
    """Who may do what. There is no setting that switches the login off."""

    public_softphone: Literal["auto", "yes", "no"] = Field(
        "auto", description="talk without a login: auto on this machine only, yes everybody, no nobody"
    )
    behind_proxy: bool = Field(
        False, description="a proxy of yours is before it: believe its X-Forwarded-For and -Proto"
    )
    idle_h: Annotated[float, Field(gt=0, le=720)] = Field(
        12, description="a login that is not used so long ends"
    )
    absolute_days: Annotated[float, Field(gt=0, le=90)] = Field(
        7, description="a login ends after so long, used or not"
    )
