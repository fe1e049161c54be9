"""The main contact reads who did what."""

from http import HTTPStatus

from local.walk.story import Story, expect, step, tell


def read_audit_trail(story: Story) -> None:
    """Print the latest entries of the audit trail."""
    step("Audit trail", "GET /audit-entries, and /audit-entries/export as CSV")
    entries = expect(HTTPStatus.OK, story.shop.call("GET", "/audit-entries?limit=5", token=story.token))["items"]
    for entry in entries:
        who, whom = entry["actor"]["name"] or entry["actor"]["kind"], entry["subject_name"] or entry["subject"]
        tell(f"{entry['at']}  {who}: {entry['action']}, {whom}")
