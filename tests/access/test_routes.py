"""Sessions and tokens, as people and programs use them."""

from cast import HANDLE, PASSWORD, Cast, Client, refused

TOKENS = f"/v2/handles/{HANDLE}/tokens"


def test_a_person_logs_in_and_learns_their_roles(client: Client, cast: Cast) -> None:
    session = client.post("/v2/auth/login", {"email": "Owner@Gharart.example", "password": PASSWORD}).json()
    me = client.get("/v2/auth/me", headers={"Authorization": f"Bearer {session['accessToken']}"}).json()
    assert me["handles"] == [{"handle": HANDLE, "role": "OWNER"}]
    assert me["email"] == "owner@gharart.example"


def test_a_wrong_password_and_an_unknown_address_read_alike(client: Client, cast: Cast) -> None:
    wrong = client.post("/v2/auth/login", {"email": cast.owner.email, "password": "not the password"})
    unknown = client.post("/v2/auth/login", {"email": "nobody@gharart.example", "password": PASSWORD})
    first, second = (refused(answer, 401, "invalid_credentials") for answer in (wrong, unknown))
    assert first["detail"] == second["detail"]


def test_an_operator_makes_a_token_that_is_shown_once(client: Client, cast: Cast) -> None:
    made = client.post(TOKENS, {"name": "CI", "scopes": ["links.read"]}, by=cast.operator)
    assert made.status_code == 201
    assert made.json()["token"].startswith("patv1_tok_")
    listed = client.get(TOKENS, by=cast.operator).json()["items"]
    assert [item["name"] for item in listed] == ["CI"]
    assert "token" not in listed[0]
