"""The REST API: the same verbs, the same refusals, as problems with a stable code."""


def test_a_claim_is_started_read_and_decided(sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")

    started = ann.post("/api/v1/instances/", json={"key": "claim", "variables": {"reason": "taxi", "amount": 12.5}})
    assert started.status_code == 201, started.text
    [item] = bob.get("/api/v1/tasks/").json["items"]
    task = bob.get(f"/api/v1/tasks/{item['id']}").json
    assert task["values"]["amount"] == "12.5"
    decided = bob.post(f"/api/v1/tasks/{item['id']}/agree", json={"seen_digest": task["seen_digest"]})

    assert decided.status_code == 204, decided.text
    read = ann.get(f"/api/v1/instances/{started.json['id']}").json
    assert (read["status"], read["waits_for"]) == ("running", "Pay")
    timeline = ann.get(f"/api/v1/instances/{started.json['id']}/timeline").json
    assert [line["badge"] for line in timeline] == ["", "agreed", "waits"]


def test_the_form_judges_what_the_api_sends(sign_in):
    response = sign_in("ann").post("/api/v1/instances/", json={"key": "claim", "variables": {"amount": -1}})

    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == "invalid_form"
    assert set(response.json["errors"]) == {"reason", "amount"}


def test_a_repeated_start_starts_once(sign_in):
    ann = sign_in("ann")
    body = {"key": "claim", "variables": {"reason": "taxi", "amount": 1}, "request_id": "r-1"}

    first, second = ann.post("/api/v1/instances/", json=body), ann.post("/api/v1/instances/", json=body)

    assert first.json["id"] == second.json["id"]


def test_unknown_keys_missing_token_and_strangers_are_refused(client, sign_in):
    ann = sign_in("ann")

    assert ann.post("/api/v1/instances/", json={"key": "claim", "colour": "red"}).status_code == 422
    assert client.get("/api/v1/tasks/").status_code == 401
    ann.token = "stale"
    assert ann.post("/api/v1/instances/", json={"key": "claim"}).status_code == 403


def test_messages_need_the_permission(sign_in):
    message = {"name": "paid", "key": "o-1", "payload": {"amount": 1.5}}

    assert sign_in("ann").post("/api/v1/messages/", json=message).status_code == 403
    assert sign_in("root").post("/api/v1/messages/", json=message).status_code == 202


def test_signals_and_conditions_need_the_permission_and_say_who_heard(sign_in):
    signal, given = {"name": "flood", "payload": {"level": 3}}, {"variables": {"stock": 4}}
    root = sign_in("root")

    assert sign_in("ann").post("/api/v1/messages/signals", json=signal).status_code == 403
    assert sign_in("ann").post("/api/v1/messages/conditions", json=given).status_code == 403
    for path, body in (("signals", signal), ("conditions", given)):
        answer = root.post(f"/api/v1/messages/{path}", json=body)
        assert (answer.status_code, answer.json) == (202, {"heard": 0})
    assert root.post("/api/v1/messages/signals", json={"name": "x", "payload": {"approval": 1}}).status_code == 422


def test_signers_advice_copies_and_urging_go_through_the_api(sign_in):
    ann, bob, root = sign_in("ann"), sign_in("bob"), sign_in("root")
    started = ann.post("/api/v1/instances/", json={"key": "claim", "variables": {"reason": "taxi", "amount": 1}}).json
    [group] = bob.get("/api/v1/tasks/").json["items"]
    assert bob.post(f"/api/v1/tasks/{group['id']}/claim", json={}).status_code == 204
    [item] = bob.get("/api/v1/tasks/").json["items"]
    at = f"/api/v1/tasks/{item['id']}"

    assert bob.post(f"{at}/delegate", json={"to": "root", "opinion": "right?"}).status_code == 204
    [asked] = root.get("/api/v1/tasks/").json["items"]
    assert root.post(f"/api/v1/tasks/{asked['id']}/hand-back", json={"opinion": "yes"}).status_code == 204
    assert bob.post(f"{at}/add-before", json={"people": ["root"], "mode": "any"}).status_code == 204
    assert bob.post(f"{at}/agree", json={}).json["code"] == "task_waiting"
    [signer] = [one for one in bob.get(at).json["signers"] if one["removable"]]
    assert bob.post(f"/api/v1/tasks/{signer['id']}/remove-signer", json={}).status_code == 204
    assert bob.post(f"{at}/abstain", json={}).json["code"] == "act_not_offered"

    instance = f"/api/v1/instances/{started['id']}"
    assert ann.post(f"{instance}/copy-to", json={"people": ["root"]}).status_code == 204
    [copy] = root.get("/api/v1/tasks/?box=copied").json["items"]
    assert root.post(f"/api/v1/tasks/{copy['id']}/read", json={}).status_code == 204
    assert ann.post(f"{instance}/urge", json={}).json == {"urged": 1}
    assert ann.post(f"{instance}/urge", json={}).json["code"] == "urged_already"


def test_many_tasks_are_answered_one_by_one(sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")
    ann.post("/api/v1/instances/", json={"key": "claim", "variables": {"reason": "taxi", "amount": 1}})
    [item] = bob.get("/api/v1/tasks/").json["items"]

    answer = bob.post("/api/v1/tasks/agree-many", json={"tasks": [{"id": item["id"], "seen_digest": "form:00"}]})

    assert answer.status_code == 200, answer.text
    assert [(line["id"], line["outcome"], line["code"]) for line in answer.json] == [
        (item["id"], None, "batch_not_allowed")
    ]
    assert "list" in answer.json[0]["message"]


def test_comments_mentions_and_private_threads(sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")
    body = {"key": "claim", "variables": {"reason": "taxi", "amount": 1}}
    here = f"/api/v1/instances/{ann.post('/api/v1/instances/', json=body).json['id']}"

    made = ann.post(f"{here}/comments", json={"text": "look", "mentions": ["bob", "dora"]})
    assert made.status_code == 201, made.text
    admitting = f"{here}/comments/{made.json['id']}/admit"
    assert ann.post(admitting, json={"person": "dora"}).json == {"admitted": True}
    assert ann.post(admitting, json={"person": "dora"}).json == {"admitted": False}
    assert ann.post(admitting, json={"person": "carl"}).status_code == 404
    [comment] = bob.get(f"{here}/comments").json
    assert [(one["name"], one["reads"]) for one in comment["mentions"]] == [("Bob", True), ("Dora", True)]

    thread = bob.post(f"{here}/consultations", json={"people": ["ann"], "text": "?", "request_id": "1"}).json["id"]
    assert (
        bob.post(f"{here}/consultations", json={"people": ["ann"], "text": "?", "request_id": "1"}).json["id"] == thread
    )
    assert ann.post(f"{here}/consultations/{thread}", json={"text": "!"}).status_code == 201
    [found] = ann.get(f"{here}/consultations").json
    assert ([one["text"] for one in found["messages"]], found["people"], found["mine"]) == (
        ["?", "!"], ["Bob", "Ann"], True
    )  # fmt: skip
    assert sign_in("dora").get(f"{here}/consultations").json == []
    assert sign_in("dora").post(f"{here}/consultations/{thread}", json={"text": "!"}).status_code == 404


def test_claim_unclaim_and_recall_act_once_under_a_key_and_refuse_what_somebody_changed_meanwhile(sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")
    ann.post("/api/v1/instances/", json={"key": "claim", "variables": {"reason": "taxi", "amount": 1}})

    def act(item, verb, key, version=None, **body):
        match = {} if version is None else {"If-Match": f'"{version}"'}
        return bob.post(
            f"/api/v1/tasks/{item}/{verb}", json=body, headers={"Idempotency-Key": key, **match}
        ).status_code

    def mine():
        (item,) = bob.get("/api/v1/tasks/").json["items"]
        return item["id"]

    group = mine()
    assert [act(group, "claim", "c1"), act(group, "claim", "c1")] == [204, 204]
    own = mine()
    assert act(own, "unclaim", "u1", version=99) == 409
    assert [act(own, "unclaim", "u1", version=1), act(own, "unclaim", "u1", version=1)] == [204, 204]
    group = mine()
    assert act(group, "claim", "c2", version=99) == 409
    assert act(group, "claim", "c2", version=1) == 204
    own = mine()
    assert act(own, "agree", "a1") == 204
    assert act(own, "recall", "r1", version=99, reason="wrong") == 409
    assert [act(own, "recall", "r1", reason="wrong"), act(own, "recall", "r1", reason="wrong")] == [204, 204]
    assert act(own, "recall", "r2") == 409
    assert len(bob.get("/api/v1/tasks/").json["items"]) == 1
