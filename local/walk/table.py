"""The main contact imports a table of users, first as a dry run. One row has an error."""

import secrets
from http import HTTPStatus

from local.walk.story import Story, expect, step, tell


def import_table(story: Story) -> None:
    """Import two rows and find the user who was invited."""
    step("Import", "POST /users/import with a table, first as a dry run")
    email = f"bulk.{secrets.token_hex(4)}@musterhandel.example"
    table = f"salutation,name,email,roles\nmrs,Berta Bulk,{email},buyer|approver\nmr,Otto Ohne,otto,buyer\n"
    for query in ("?dry_run=true", ""):
        answer = story.shop.call("POST", f"/users/import{query}", token=story.token, body=table)
        for row in expect(HTTPStatus.OK, answer)["rows"]:
            wrong = [f"{error['pointer']}: {error['message']}" for error in row["errors"]]
            tell(f"row {row['row']}, {row['email']}: {row['status']} {' '.join(wrong)}".rstrip())
    table = story.shop.call("GET", "/users/export?status=invited&q=berta", token=story.token).text
    tell(f"GET /users/export?status=invited&q=berta: {table.splitlines()[-1]}")
    found = expect(HTTPStatus.OK, story.shop.call("GET", "/users?q=berta&sort=name", token=story.token))["items"]
    tell(f"GET /users?q=berta&sort=name finds {', '.join(sorted({user['name'] for user in found}))}")
