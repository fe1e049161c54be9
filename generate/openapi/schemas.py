"""The JSON Schemas of bodies, queries, answers and problems."""

import json
from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import Any, Literal, override

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ComputedField, DataclassField, FrozenSetSchema, ModelField, TypedDictField

from generate.openapi.declarations import Operation

type Json = dict[str, Any]


class FieldProblem(BaseModel):
    """A wrong field in the body or in the query."""

    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). `errors` lists the wrong fields by JSON pointer (RFC 6901).

    `user_id` is the colleague whom an `email-in-use` is about; it is left out if the e-mail is somebody else's.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem]
    user_id: str


# The fields that a problem has only where they say something.
_RARE = ("errors", "user_id")


class GatewayError(BaseModel):
    """An error that the gateway itself answers, without an answer of this API."""

    message: str


class _Schema(GenerateJsonSchema):
    """pydantic's schemas with two changes: fields have no title, and every field of an answer is required."""

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    @override
    def field_is_required(
        self, field: ModelField | DataclassField | TypedDictField | ComputedField, total: bool
    ) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)  # type: ignore[arg-type] # the parent's own union is narrower

    @override
    def frozenset_schema(self, schema: FrozenSetSchema) -> Json:
        # A value that is sent twice is accepted and counts once.
        return {name: value for name, value in super().frozenset_schema(schema).items() if name != "uniqueItems"}


def component_schemas(operations: Iterable[Operation]) -> Json:
    """Return all schemas by name. They include the schemas of queries, which become parameters."""
    answered = {model for operation in operations for _, model in operation.answers if is_dataclass(model)}
    read: set[type[BaseModel]] = {Problem, GatewayError}
    for operation in operations:
        read |= {kind for name, kind in operation.parameters.items() if name in ("body", "query") and kind is not bytes}
    models: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = []
    models += [(name_of(model), "validation", TypeAdapter(model)) for model in sorted(read, key=name_of)]
    models += [(name_of(model), "serialization", TypeAdapter(model)) for model in sorted(answered, key=name_of)]
    _, generated = TypeAdapter.json_schemas(
        models, ref_template="#/components/schemas/{model}", schema_generator=_Schema
    )
    # pydantic makes two schemas of a model in requests and answers: MoneyBody for requests, MoneyAnswer for answers.
    text = json.dumps(generated["$defs"]).replace("Body-Input", "Body").replace("Body-Output", "Answer")
    schemas: Json = json.loads(text)
    for schema in schemas.values():
        schema.pop("title", None)
        # Each field shows its own examples. No example has a password, so none would be a complete body.
        for example in schema.pop("examples", ()):
            for field, value in example.items():
                schema["properties"][field].setdefault("examples", []).append(value)
    codes = {code for operation in operations for code in operation.texts.fields}
    schemas["FieldProblem"]["properties"]["code"]["enum"] = sorted(codes)
    problems = {code for operation in operations for code in operation.problems}
    schemas["Problem"]["properties"]["code"]["enum"] = sorted(problems)
    schemas["Problem"]["required"] = [name for name in schemas["Problem"]["required"] if name not in _RARE]
    for name, schema in schemas.items():
        if not name.endswith("Query"):
            _without_defaults(schema)
    for operation in operations:
        if operation.route.body_schemas:
            schemas |= operation.route.body_schemas()
    return schemas


def _without_defaults(schema: Json) -> None:
    """Remove `default`: generators of clients make a field with a default one that must be sent."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


def name_of(model: type) -> str:
    """Return the name of a model's schema."""
    return model.__name__


def reference(name: str, section: str = "schemas") -> Json:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}
