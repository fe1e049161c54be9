"""What IAM says of a call to AWS: what the call needs, and what a function's role and boundary allow.

Resources have their logical ids for names (the table CompaniesTable is
`arn:aws:dynamodb:eu-central-1:000000000000:table/CompaniesTable`), so that tests can say which one is meant.
Sources: AWS's IAM User Guide, "Policy evaluation logic"; AWS's Service Authorization Reference for what a call needs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from local.stack import REGION
from tests.template_reader import listed, referred, resources_of

ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Need:
    """One permission that a call needs. `keys` are the condition keys that IAM knows of the call."""

    action: str
    resource: str
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.action} {_short(self.resource)}"


@dataclass(frozen=True)
class Role:
    """The statements of a function's role: those of the function's block, those of other policies, and the boundary."""

    own: Sequence[Mapping[str, Any]]
    added: Sequence[Mapping[str, Any]]
    boundary: Sequence[Mapping[str, Any]]

    def allows(self, need: Need) -> bool:
        """Return whether the role and the boundary both allow the need, and neither denies it."""
        statements = [*self.own, *self.added]
        return not _any("Deny", [*statements, *self.boundary], need) and all(
            _any("Allow", found, need) for found in (statements, self.boundary)
        )

    def grants(self) -> Iterator[Need]:
        """Yield each verb and resource that the function's block allows, with what a condition asks for."""
        for statement in self.own:
            keys = {key: value for each in statement.get("Condition", {}).values() for key, value in each.items()}
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield Need(action, resource, keys)

    def unneeded(self, needs: Iterable[Need]) -> set[str]:
        """Return the verbs and resources that the function's block allows and none of the needs uses."""
        known = list(needs)
        return {
            str(grant)
            for grant in self.grants()
            if not any(need.action == grant.action and _like(need.resource, grant.resource) for need in known)
        }


# What a statement says


def _any(effect: str, statements: Iterable[Mapping[str, Any]], need: Need) -> bool:
    return any(statement["Effect"] == effect and _applies(statement, need) for statement in statements)


def _applies(statement: Mapping[str, Any], need: Need) -> bool:
    # IAM compares actions without case, resources with it.
    return (
        _named(statement, "Action", need.action, ignore_case=True)
        and _named(statement, "Resource", need.resource)
        and all(_holds(operator, expected, need) for operator, expected in statement.get("Condition", {}).items())
    )


def _named(statement: Mapping[str, Any], element: str, value: str, *, ignore_case: bool = False) -> bool:
    if (but := f"Not{element}") in statement:
        return not _named({element: statement[but]}, element, value, ignore_case=ignore_case)
    return any(_like(value, pattern, ignore_case=ignore_case) for pattern in listed(statement[element]))


def _like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    if ignore_case:
        value, pattern = value.lower(), pattern.lower()
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _holds(operator: str, expected: Mapping[str, Any], need: Need) -> bool:
    if operator not in {"StringEquals", "StringLike"}:
        raise NotImplementedError(f"The condition operator {operator} is not evaluated yet")
    for key, values in expected.items():
        found = need.keys.get(key)
        matches = (
            found in listed(values)
            if operator == "StringEquals"
            else any(found is not None and _like(found, value) for value in listed(values))
        )
        if not matches:
            return False
    return True


# What a call needs

_ITEMS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def needs(service: str, action: str, parameters: Mapping[str, Any], names: Mapping[str, str]) -> list[Need]:
    """Return the permissions that a function's call needs. `names` are logical ids by the names in AWS.

    Raises NotImplementedError for a service that no function calls yet.
    """
    match service:
        case "dynamodb":
            return [Need(f"dynamodb:{verb}", table) for verb, table in _items(action, parameters, names)]
        case "sqs":
            # IAM has no actions for batches.
            queue = _name(parameters["QueueUrl"].rpartition("/")[2], names)
            return [Need(f"sqs:{action.removesuffix('Batch')}", _arn("sqs", queue))]
        case "cognito-idp":
            return [Need(f"cognito-idp:{action}", _arn(service, f"userpool/{_name(parameters['UserPoolId'], names)}"))]
        case "ssm" if action in {"GetParameter", "PutParameter", "DeleteParameter"}:
            return [Need(f"ssm:{action}", _arn("ssm", f"parameter{parameters['Name']}"))]
        case "ses" if action == "SendEmail":
            _, address = parseaddr(parameters["FromEmailAddress"])
            # The domain is the identity in all our tests.
            used = [f"identity/{address.rpartition('@')[2]}"]
            if configuration := parameters.get("ConfigurationSetName"):
                used.append(f"configuration-set/{_name(configuration, names)}")
            return [Need("ses:SendEmail", _arn("ses", resource), {"ses:FromAddress": address}) for resource in used]
        case _:
            raise NotImplementedError(f"What does {service}:{action} need?")


def _items(action: str, parameters: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    def table(name: str) -> str:
        return _arn("dynamodb", f"table/{_name(name, names)}")

    match action:
        case "TransactWriteItems":
            for item in parameters["TransactItems"]:
                for kind, details in item.items():
                    yield _ITEMS[kind], table(details["TableName"])
        case "TransactGetItems":
            for item in parameters["TransactItems"]:
                yield "GetItem", table(item["Get"]["TableName"])
        case "BatchGetItem" | "BatchWriteItem":
            for name in parameters["RequestItems"]:
                yield action, table(name)
        case _:
            index = parameters.get("IndexName")
            yield action, table(parameters["TableName"]) + (f"/index/{index}" if index else "")


def _name(name: str, names: Mapping[str, str]) -> str:
    return names.get(name, name)


def needs_with_key(need: Need, key: str) -> list[Need]:
    """Return what a need of encrypted data also needs when the deployment has a key of its own."""
    service, _, verb = need.action.partition(":")
    if service not in {"dynamodb", "sqs", "s3", "ssm"} or verb in {"ListBucket", "ListStreams", "GetQueueAttributes"}:
        return []
    actions: dict[str, dict[str, list[str]]] = {
        "sqs": {"SendMessage": ["GenerateDataKey", "Decrypt"]},
        "s3": {"PutObject": ["GenerateDataKey"]},
        "ssm": {"PutParameter": ["Encrypt"], "DeleteParameter": []},
    }
    through = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
    return [Need(f"kms:{each}", key, through) for each in actions.get(service, {}).get(verb, ["Decrypt"])]


# What a template gives


class Deployment:
    """A transformed template (`tests/template/transformed.py`) with its parameters."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._template = dict(template)
        self._parameters = {
            name: parameters.get(name, found.get("Default", "")) for name, found in template["Parameters"].items()
        }
        resources: Mapping[str, Mapping[str, Any]] = template["Resources"]
        self._resources = {
            name: found
            for name, found in resources.items()
            if "Condition" not in found or self._resolved({"Condition": found["Condition"]})
        }
        self.roles = {
            name: self._role(referred(found["Properties"]["Role"])) for name, found in self._functions().items()
        }

    def runtime_needs(self) -> dict[str, list[Need]]:
        """Return what Lambda itself does as each function: it writes logs and traces, and reads queues and streams."""
        found: dict[str, list[Need]] = {}
        for name, function in self._functions().items():
            group = self._resources[referred(function["Properties"]["LoggingConfig"]["LogGroup"]) or ""]
            stream = f"log-group:{self._resolved(group['Properties']['LogGroupName'])}:log-stream:one"
            logs = [Need(f"logs:{verb}", _arn("logs", stream)) for verb in ("CreateLogStream", "PutLogEvents")]
            traces = [Need(f"xray:{verb}", "*") for verb in ("PutTraceSegments", "PutTelemetryRecords")]
            found[name] = [*logs, *traces]
        for source in self._of("AWS::Lambda::EventSourceMapping").values():
            properties = self._resolved(source["Properties"])
            found[properties["FunctionName"]] += _source_needs(properties)
        return found

    def _functions(self) -> dict[str, Any]:
        return self._of("AWS::Lambda::Function")

    def _of(self, kind: str) -> dict[str, Any]:
        return resources_of({"Resources": self._resources}, kind)

    def _role(self, name: str | None) -> Role:
        role = self._resources[name or ""]["Properties"]
        added = [policy for arn in role.get("ManagedPolicyArns", []) for policy in _ready_made(arn)]
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for policy in self._of(kind).values():
                if {"Ref": name} in policy["Properties"].get("Roles", []):
                    added += self._statements(policy["Properties"])
        own = [statement for policy in role.get("Policies", []) for statement in self._statements(policy)]
        boundary = self._resources[referred(role["PermissionsBoundary"]) or ""]
        return Role(own, added, self._statements(boundary["Properties"]))

    def _statements(self, policy: Mapping[str, Any]) -> list[Any]:
        return [each for each in self._resolved(policy["PolicyDocument"]["Statement"]) if each is not None]

    def _resolved(self, value: Any) -> Any:  # noqa: C901, PLR0911 # one case for each of CloudFormation's functions
        match value:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": str(name)}:
                return self._value_of(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)}", lambda found: str(self._value_of(found[1])), text)
            case {"Fn::Join": [str(separator), parts]}:
                return separator.join(listed(self._resolved(parts)))
            case {"Fn::If": [str(condition), then, otherwise]}:
                return self._resolved(then if self._resolved({"Condition": condition}) else otherwise)
            case {"Condition": str(condition)}:
                return self._resolved(self._template["Conditions"][condition])
            case {"Fn::Not": [negated]}:
                return not self._resolved(negated)
            case {"Fn::Equals": [left, right]}:
                return self._resolved(left) == self._resolved(right)
            case dict():
                return {key: self._resolved(each) for key, each in value.items()}
            case list():
                return [self._resolved(each) for each in value]
            case _:
                return value

    def _value_of(self, name: str) -> Any:
        pseudo = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
        if "." in name:
            return self._attribute(*name.split(".", 1))
        found = pseudo.get(name, self._parameters.get(name, name))
        kind = self._template["Parameters"].get(name, {}).get("Type", "")
        return found.split(",") if kind in {"CommaDelimitedList", "List<String>"} and found else found

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self._resources[name]["Type"]
        match kind, attribute:
            case "AWS::DynamoDB::Table", "Arn":
                return _arn("dynamodb", f"table/{name}")
            case "AWS::DynamoDB::Table", "StreamArn":
                return _arn("dynamodb", f"table/{name}/stream/2026-01-01T00:00:00.000")
            case "AWS::SQS::Queue", "Arn":
                return _arn("sqs", name)
            case "AWS::Cognito::UserPool", "Arn":
                return _arn("cognito-idp", f"userpool/{name}")
            case "AWS::S3::Bucket", "Arn":
                return f"arn:aws:s3:::{name}"
            case _:
                raise NotImplementedError(f"What is the {attribute} of {kind}?")


def _source_needs(source: Mapping[str, Any]) -> list[Need]:
    """Return what Lambda needs to read a queue or a stream, and to keep records that failed."""
    arn = source["EventSourceArn"]
    if ":sqs:" in arn:
        return [Need(f"sqs:{verb}", arn) for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]
    found = [Need(f"dynamodb:{verb}", arn) for verb in ("DescribeStream", "GetRecords", "GetShardIterator")]
    found.append(Need("dynamodb:ListStreams", "*"))
    if kept := source.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
        found += [Need("s3:ListBucket", kept), Need("s3:PutObject", f"{kept}/record.json")]
    return found


@cache
def _ready_made(arn: str) -> list[Any]:
    """Return the statements of one of AWS's managed policies."""
    found: list[Any] = json.loads(aws_managed_policies_data)[arn.rpartition("/")[2]]["Document"]["Statement"]
    return found


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _short(arn: str) -> str:
    return arn.removeprefix("arn:aws:").split(":", 3)[-1] if arn.startswith("arn:") else arn


# What was recorded


def needs_by_function(calls: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, set[Need]]:
    """Return what the recorded calls needed, by the function's logical id (`local/stricter.py` describes a record)."""
    found: dict[str, set[Need]] = {}
    for call in calls:
        needed = needs(call["service"], call["action"], call["parameters"], names)
        found.setdefault(names[call["function"]], set()).update(needed)
    return found


def refusals(deployment: Deployment, needed: Mapping[str, Iterable[Need]]) -> list[str]:
    """Return the needs that IAM would refuse, each with its function."""
    return sorted(
        f"{name} {need}" for name, found in needed.items() for need in found if not deployment.roles[name].allows(need)
    )


def unneeded(deployment: Deployment, needed: Mapping[str, Iterable[Need]]) -> set[str]:
    """Return the verbs that functions have and nothing needed, neither a call nor Lambda itself."""
    runtime = deployment.runtime_needs()
    return {
        f"{name} {grant}"
        for name, role in deployment.roles.items()
        for grant in role.unneeded([*needed.get(name, ()), *runtime[name]])
    }
