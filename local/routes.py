"""Create the API's routes on the emulator, because it ignores the OpenAPI document of an HTTP API.

The routes come from the processed template (docs/decisions.md, "Emulator gaps"). `create_routes` runs after every
deploy; it first removes the routes of the previous deploy.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# The API calls a function's alias. The group of the pattern is the alias's logical id.
_ALIAS = re.compile(r"functions/\${(\w+)}/invocations")


@dataclass(frozen=True)
class _Declared:
    method: str
    path: str
    alias: str
    scopes: list[str] | None


def create_routes(client: Callable[[str], Any], stack_name: str) -> int:
    """Create exactly the routes of the template on the deployed API, and return their number."""
    cloudformation, gateway = client("cloudformation"), client("apigatewayv2")
    body = cloudformation.get_template(StackName=stack_name, TemplateStage="Processed")["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    resources = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    physical = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    api_id = physical["HttpApi"]
    document = template["Resources"]["HttpApi"]["Properties"]["Body"]
    _clear(gateway, api_id)
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in stack["Parameters"]}
    _cors(gateway, api_id, document, parameters)
    authorizer = _authorizer(gateway, api_id, gateway.meta.region_name, physical)
    integrations: dict[str, str] = {}
    declared = list(_declared(document))
    for route in declared:
        if route.alias not in integrations:
            integrations[route.alias] = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=physical[route.alias],
                PayloadFormatVersion="2.0",
            )["IntegrationId"]
        secured: dict[str, Any] = {}
        if route.scopes is not None:
            secured = {"AuthorizationType": "JWT", "AuthorizerId": authorizer, "AuthorizationScopes": route.scopes}
        gateway.create_route(
            ApiId=api_id,
            RouteKey=f"{route.method} {route.path}",
            Target=f"integrations/{integrations[route.alias]}",
            **secured,
        )
    return len(declared)


def _declared(document: Mapping[str, Any]) -> Iterator[_Declared]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            match = _ALIAS.search(uri)
            assert match, uri
            scopes = next((scheme["Person"] for scheme in operation["security"] if "Person" in scheme), None)
            yield _Declared(method.upper(), path, match[1], scopes)


def _clear(gateway: Any, api_id: str) -> None:  # noqa: ANN401 # boto3 clients have no types at run time
    for route in gateway.get_routes(ApiId=api_id)["Items"]:
        gateway.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    for integration in gateway.get_integrations(ApiId=api_id)["Items"]:
        gateway.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
    for authorizer in gateway.get_authorizers(ApiId=api_id)["Items"]:
        gateway.delete_authorizer(ApiId=api_id, AuthorizerId=authorizer["AuthorizerId"])


def _authorizer(gateway: Any, api_id: str, region: str, physical: Mapping[str, str]) -> str:  # noqa: ANN401 # as above
    issuer = f"https://cognito-idp.{region}.amazonaws.com/{physical['UserPool']}"
    answer = gateway.create_authorizer(
        ApiId=api_id,
        AuthorizerType="JWT",
        Name="Person",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [physical["UserPoolClient"]]},
    )
    return str(answer["AuthorizerId"])


def _cors(gateway: Any, api_id: str, document: Mapping[str, Any], parameters: Mapping[str, str]) -> None:  # noqa: ANN401 # as above
    cors = document["x-amazon-apigateway-cors"]
    origins = [parameters["AllowedOrigin"], parameters["SecondAllowedOrigin"]]
    gateway.update_api(
        ApiId=api_id,
        CorsConfiguration={
            "AllowOrigins": [origin for origin in origins if origin],
            "AllowMethods": cors["allowMethods"],
            "AllowHeaders": cors["allowHeaders"],
            "ExposeHeaders": cors["exposeHeaders"],
            "MaxAge": cors["maxAge"],
        },
    )
