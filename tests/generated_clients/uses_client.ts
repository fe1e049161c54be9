// What a shop's page writes with the client that is made of docs/openapi.json. The compiler checks it.
import createClient from "openapi-fetch";
import type { components, operations, paths, webhooks } from "./api";

type Code = components["schemas"]["Problem"]["code"];
type Refused = operations["activate_company"]["responses"][409]["content"]["application/problem+json"];

const api = createClient<paths>({ baseUrl: "https://api.example.com" });

export async function nameOf(userId: string): Promise<string> {
  const { data, error } = await api.GET("/users/{user_id}", { params: { path: { user_id: userId } } });
  if (data) return data.name;
  return "code" in error ? explained(error.code) : error.message;
}

export async function invite(email: string): Promise<string | null> {
  // Fields that may be left out are left out.
  const { error } = await api.POST("/users", { body: { salutation: "mrs", name: "Tina Tinte", email, roles: ["buyer"] } });
  return error && "code" in error ? explained(error.code) : null;
}

export const refused = (problem: Refused): string => explained(problem.code);

function explained(code: Code): string {
  switch (code) {
    case "email-in-use":
      return "This address is taken.";
    // @ts-expect-error The compiler knows every code, so it finds a misspelt one.
    case "email-in-usage":
      return "";
    default:
      return code;
  }
}

export const actions: components["schemas"]["Action"][] = ["user.invited"];

// A product that gets our webhooks, and edits a customer: null removes a free field.
type Told = webhooks["customer.updated"]["post"]["requestBody"]["content"]["application/json"];

export const nameTold = (told: Told): string =>
  told.data.kind === "organisation" ? (told.data.organisation ?? "") : (told.data.free_fields["nickname"] ?? "");

export const edit: components["schemas"]["CustomerEditBody"] = { kind: "person", free_fields: { card: "1", old: null } };
