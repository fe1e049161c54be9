"""GET /settings: what a page needs to know before anybody has logged in (docs/specification.md, 8.63)."""

import json

import pytest

from customer_center.companies.model import InvitationStatus, Role, UserStatus
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_header
from tests.template_reader import load_template

SAMPLE = "settings/get_settings"


def test_everybody_learns_what_this_shop_allows(stage):
    reply = stage.call(event_of(SAMPLE), Currencies="EUR,JPY,KWD", Salutations="mr,mrs,dr")
    body = reply.body
    assert reply.status == 200
    assert body["salutations"] == ["mr", "mrs", "dr"]
    assert body["languages"] == ["en", "de", "nl", "fr"]
    assert body["currencies"] == [
        {"code": "EUR", "decimals": 2},
        {"code": "JPY", "decimals": 0},
        {"code": "KWD", "decimals": 3},
    ]
    assert body["password_rules"] == {"min_length": 10, "max_length": 128}
    assert body["import_limits"] == {"rows": 200, "bytes": 1_000_000}


def test_it_names_the_user_pool_to_log_in_at(stage):
    pool = stage.aws.physical("UserPool")
    assert stage.call(event_of(SAMPLE)).body["cognito"] == {
        "region": pool.partition("_")[0],
        "user_pool_id": pool,
        "user_pool_client_id": stage.aws.physical("UserPoolClient"),
    }


@pytest.mark.parametrize("mode", ["email", "none"])
def test_it_says_whether_an_activation_mails_a_code(stage, mode):
    assert stage.call(event_of(SAMPLE), ActivationConfirmation=mode).body["activation"] == mode


def test_it_names_roles_statuses_and_salutations_in_every_language(stage):
    labels = stage.call(event_of(SAMPLE), Salutations="mr,dr").body["labels"]
    assert list(labels) == ["en", "de", "nl", "fr"]
    for named in labels.values():
        assert named["roles"].keys() == set(Role)
        assert named["user_statuses"].keys() == set(UserStatus)
        assert named["invitation_statuses"].keys() == set(InvitationStatus)
    assert labels["de"]["roles"]["buyer"] == "Einkauf"
    # A salutation of this shop's own is called what it is.
    assert labels["de"]["salutations"] == {"mr": "Herr", "dr": "dr"}


def test_browsers_and_proxies_keep_it_for_five_minutes(stage):
    assert stage.call(event_of(SAMPLE)).headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("known", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_who_knows_it_already_is_told_so(stage, known):
    tag = stage.call(event_of(SAMPLE)).headers["ETag"]
    reply = stage.call(with_header(event_of(SAMPLE), "if-none-match", known.replace("{tag}", tag)))
    assert (reply.status, reply.text, reply.headers["ETag"]) == (304, "", tag)


def test_who_knows_an_older_one_gets_the_new_one(stage):
    old = stage.call(event_of(SAMPLE), Currencies="EUR").headers["ETag"]
    reply = stage.call(with_header(event_of(SAMPLE), "if-none-match", old), Currencies="EUR,CHF")
    assert reply.status == 200
    assert reply.headers["ETag"] != old


def test_the_user_pool_has_the_same_minimum_of_a_password(stage):
    policy = load_template()["Resources"]["UserPool"]["Properties"]["Policies"]["PasswordPolicy"]
    assert stage.call(event_of(SAMPLE)).body["password_rules"]["min_length"] == policy["MinimumLength"]


def test_it_holds_no_secret(stage):
    text = json.dumps(stage.call(event_of(SAMPLE)).body)
    assert "secret" not in text
    assert "ssm" not in text
