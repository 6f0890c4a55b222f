"""Users and groups: administrators change them, others may look or not."""


def test_an_administrator_creates_disables_and_groups_an_account(sign_in):
    root = sign_in("root")

    made = root.post("/people/", data={"login": "eva", "name": "叶薇", "name_en": "Eva", "password": "long enough"})
    assert made.status_code == 303
    root.post(f"{made.location}/join", data={"group": "managers"})
    root.post(f"{made.location}/disable")

    page = root.get(made.location).text
    assert "Eva" in page
    assert "Managers" in page
    assert "disabled" in page


def test_a_login_that_is_taken_is_refused_and_the_words_stay(sign_in):
    root = sign_in("root")

    response = root.post("/people/", data={"login": "ann", "name": "Second Ann", "password": "long enough"})

    assert response.status_code == 409
    assert "Second Ann" in response.text


def test_others_neither_see_nor_change_accounts(sign_in, people):
    ann = sign_in("ann")

    assert ann.get("/people/").status_code == 403
    assert ann.post(f"/people/{people['bob'].id}/disable").status_code == 403
    assert ann.get("/people/search?q=bo").json == [
        {"id": str(people["bob"].id), "name": "Bob", "note": "bob", "also": "bob Bob "}
    ]
