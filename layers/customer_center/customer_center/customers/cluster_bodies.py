"""Request bodies and answers of merging, as pydantic models."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints

from customer_center.customers.bodies import CustomerAnswer
from customer_center.customers.members import Policy
from customer_center.customers.preview_merge import MergePreview
from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Id, Input, Output

_Source = Annotated[str, StringConstraints(pattern="^(api|erp|product:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$")]
_Sources = Annotated[list[_Source], Field(max_length=50)]


class PolicyBody(Input):
    """Whose value is shown. `newest` (default): the newer one. `fill_empty`: the survivor's, unless it has none.

    `source_priority`: that of the source that is first in `sources` (`erp`, `api`, `product:<product>`).
    """

    rule: Literal["newest", "source_priority", "fill_empty"]
    sources: _Sources = Field(default_factory=list)


class ListPolicyBody(Input):
    """Whose list is shown, as for other fields, or both (`union`, default)."""

    rule: Literal["newest", "source_priority", "fill_empty", "union"]
    sources: _Sources = Field(default_factory=list)


class PoliciesBody(Input):
    """The policies of a merge, by field. They hold for what is said later, too."""

    kind: PolicyBody | None = None
    first_name: PolicyBody | None = None
    middle_name: PolicyBody | None = None
    last_name: PolicyBody | None = None
    organisation: PolicyBody | None = None
    contact_person: PolicyBody | None = None
    emails: ListPolicyBody | None = None
    phones: ListPolicyBody | None = None
    mobile: PolicyBody | None = None
    fax: PolicyBody | None = None
    website: PolicyBody | None = None
    visit_address: PolicyBody | None = None
    delivery_address: PolicyBody | None = None
    invoice_address: PolicyBody | None = None
    vat_number: PolicyBody | None = None
    chamber_of_commerce_number: PolicyBody | None = None
    language: PolicyBody | None = None
    tags: ListPolicyBody | None = None
    free_fields: PolicyBody | None = None


class _MergeBody(Input):
    policies: PoliciesBody = Field(default_factory=PoliciesBody)

    @property
    def by_field(self) -> Mapping[str, Policy]:
        """The policies that were sent. Raises InvalidInput for `source_priority` without sources."""
        named: Mapping[str, Any] = {name: getattr(self.policies, name) for name in PoliciesBody.model_fields}
        sent = {name: Policy(each.rule, tuple(each.sources)) for name, each in named.items() if each}
        wrong = [name for name, each in sent.items() if (each.rule == "source_priority") != bool(each.sources)]
        if wrong:
            codes = {name: "unknown-field" if sent[name].sources else "required" for name in wrong}
            raise InvalidInput(errors=[FieldError(f"/policies/{name}/sources", codes[name]) for name in wrong])
        return sent


class MergeBody(_MergeBody):
    """The other customer, by any of its ids, and the policies of fields that are not to have the default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "cus_01kb0m5s0v8q4z7x2n6c3d9f2h",
                    "policies": {"organisation": {"rule": "source_priority", "sources": ["erp"]}},
                }
            ]
        }
    )

    customer_id: Id


class ConflictMergeBody(_MergeBody):
    """The candidate, if the conflict has several, and the policies of fields that are not to have the default."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"policies": {"emails": {"rule": "fill_empty"}}}]})

    customer_id: Id | None = None


class UnmergeBody(Input):
    """The merged record to take out. Without it: the one that the path names, or else the last one that was merged."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"customer_id": "cus_01kb0m5s0v8q4z7x2n6c3d9f2h"}]})

    customer_id: Id | None = None


@frozen(kw_only=True)
class MergePreviewAnswer(Output):
    """What a merge would come to: the surviving customer, the one that would be gone, and the source of each field.

    `conflicting_customer_ids` of the customer are those that it would be in conflict with.
    """

    customer: CustomerAnswer
    gone_customer_id: str
    said_by: Mapping[str, str]

    @classmethod
    def from_preview(cls, preview: MergePreview) -> Self:
        """Return the answer for a preview."""
        survivor = preview.survivor
        shown = {name: survivor.said_by[name] for name in survivor.values}
        return cls(customer=CustomerAnswer.from_customer(survivor), gone_customer_id=preview.gone_id, said_by=shown)
