"""`make mail`: the mails that the running local stack has sent, as plain text."""

import json

import requests

from local.addresses import ADDRESSES


def main() -> None:
    """Print every mail, oldest first."""
    try:
        stack = json.loads(ADDRESSES.read_text())
        accounts = requests.get(stack["mailbox_url"], timeout=10).json()["messages"]
    except (FileNotFoundError, requests.ConnectionError):
        raise SystemExit("The local stack is not running: make run") from None
    for mail in (mail for mails in accounts.values() for mail in mails):
        print(f"To: {', '.join(mail['To'])}\nSubject: {mail['Subject']}\n\n{mail['BodyText']}\n{'-' * 72}")


if __name__ == "__main__":
    main()
