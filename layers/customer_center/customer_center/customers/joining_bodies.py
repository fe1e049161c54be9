"""Request bodies of joining an account, as pydantic models."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from customer_center.clients.bodies import NAME_PATTERN
from customer_center.platform.wire import Input, PastedNumber


class JoiningBody(Input):
    """The account that a customer joins."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account_id": "AG-100"}]})

    account_id: Annotated[str, StringConstraints(pattern=NAME_PATTERN), PastedNumber]
