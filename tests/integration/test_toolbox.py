"""The tools as the settings make them: look-ups that can't write, tickets told of once, SMS forms."""

from __future__ import annotations

import json
import sqlite3

import gevent
import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, text

from controller.session.ports import ToolCall
from controller.session.profile import Profile
from controller.settings import BotSettings, Settings
from controller.storage.engine import DatabaseUnavailable
from controller.storage.lookup import BadQuery, LookupStore, NamedQuery
from controller.storage.migrations import migrate
from controller.storage.outbox import OutboxState, OutboxStore
from controller.tool_settings import EmailSettings, SmsSettings, ToolSettings
from controller.toolbox import Toolbox
from controller.tools.channels.sms import SmsProvider
from tests.integration.receiver import receiving

TOOLS = ("hangup", "send_notification", "lookup_record", "create_ticket")
ORDERS = "SELECT id, item FROM orders WHERE phone = :phone ORDER BY id"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def receiver():
    with receiving() as got:
        yield got


@pytest.fixture
def shop(tmp_path):
    """Somebody's database."""
    path = tmp_path / "shop #%.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER, phone TEXT, item TEXT)")
        rows = [(1, "100", "tea"), (2, "200", "rice"), (3, "100", "cups"), (4, "100", "pot")]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    return path


@pytest.fixture
def make(tmp_path, receiver):
    """A started toolbox; gives its runner, one for all calls of a session."""
    made = []

    def make(**tools):
        hooks = {"webhooks": {"desk": receiver.url}, "webhook_secret": "s" * 16, "allow_private": True}
        settings = Settings(var_dir=tmp_path / "var", notifications=hooks)
        migrate(settings.database_url)
        toolbox = Toolbox(settings, tools=ToolSettings(**tools))
        made.append(toolbox)
        toolbox.start()
        runner = toolbox.runner("session-1", Profile(name="x", language="en"), BotSettings(tools=TOOLS))
        return lambda name, call_id="1", **given: runner.run(ToolCall(call_id, name, given))

    yield make
    for toolbox in made:
        toolbox.stop()


def outbox(tmp_path):
    return OutboxStore(f"sqlite:///{tmp_path}/var/switchtalk.db")


def settled(store):
    """What became of the outbox, once nothing waits."""
    with gevent.Timeout(10):
        while store.listed(OutboxState.DUE):
            gevent.sleep(0.01)
    return [item.state for item in store.listed()]


def lookup(shop, sql=ORDERS, **changes):
    query = {"url": f"sqlite:///{shop}", "sql": sql, "params": {"phone": "string"}}
    return {"lookup": {"orders": {**query, **changes}}}


# --- lookup_record -------------------------------------------------------------------------------


def test_a_record_is_found_by_its_bound_value(make, shop):
    run = make(**lookup(shop, max_rows=2, about="a caller's orders"))
    found = run("lookup_record", query="orders", params={"phone": "100"})
    assert found.data["rows"] == [{"id": 1, "item": "tea"}, {"id": 3, "item": "cups"}]
    assert (found.data["count"], found.data["more"]) == (2, True)
    assert found.data["first"] == {"id": 1, "item": "tea"}
    nothing = run("lookup_record", query="orders", params={"phone": "1' OR '1'='1"})
    assert (nothing.ok, nothing.data["rows"], nothing.data["first"]) == (True, [], {})


@pytest.mark.parametrize(
    "given",
    [
        {"query": "DROP TABLE orders"},
        {"query": "orders"},
        {"query": "orders", "params": {}},
        {"query": "orders", "params": {"phone": 100}},
        {"query": "orders", "params": {"phone": "1", "sql": "x"}},
        {"query": "orders", "params": {"phone": "1" * 501}},
        {"query": "orders", "params": {"phone": "1"}, "sql": "SELECT 1"},
    ],
)
def test_other_questions_are_refused(make, shop, given):
    assert make(**lookup(shop))("lookup_record", **given).code == "bad_arguments"


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders WHERE phone = :phone",
        "UPDATE orders SET item = :phone",
        "DELETE FROM orders WHERE phone = :phone RETURNING id",
        "SELECT :phone; DELETE FROM orders",
    ],
)
def test_even_the_settings_sql_can_not_write(make, shop, sql):
    outcome = make(**lookup(shop, sql))("lookup_record", query="orders", params={"phone": "100"})
    assert outcome.code == "unavailable"
    with sqlite3.connect(shop) as database:
        assert database.execute("SELECT count(*) FROM orders WHERE item != '100'").fetchone() == (4,)


def test_an_endless_query_is_ended(make, shop):
    run = make(**lookup(shop, ENDLESS, params={}, timeout_s=0.2))
    with gevent.Timeout(5):
        outcome = run("lookup_record", query="orders")
    assert (outcome.code, outcome.retryable) == ("unavailable", True)


@pytest.fixture
def counted(migrated_database):
    """The URL of a database with a table `counted` of one row."""
    engine = create_engine(migrated_database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        connection.execute(text("INSERT INTO counted VALUES (1)"))
    engine.dispose()
    return migrated_database


def test_every_database_is_read_only_and_patient_for_a_while_only(counted):
    sql = {
        "good": "SELECT n FROM counted WHERE n = :n",
        "write": "INSERT INTO counted VALUES (:n) RETURNING n",
        "two": "SELECT :n; DELETE FROM counted",
        "endless": ENDLESS + " WHERE :n = 1",
    }
    queries = {name: NamedQuery(counted, words, ("n",), 5, 0.3) for name, words in sql.items()}
    store = LookupStore(queries)
    with gevent.Timeout(10):
        for name in ("write", "two", "endless"):
            with pytest.raises(DatabaseUnavailable, match=f"look-up {name} failed"):
                store.find(name, {"n": 1})
        assert store.find("good", {"n": 1}).rows == ({"n": 1},)
    store.close()


def test_a_database_that_is_not_there_is_not_made(make, tmp_path):
    run = make(**lookup(tmp_path / "none.db"))
    assert run("lookup_record", query="orders", params={"phone": "1"}).code == "unavailable"
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": {}}, "has the parameters"),
        ({"params": {"phone": "string", "more": "string"}}, "has the parameters"),
        ({"url": "mysql://u:hunter2@h/d"}, "not mysql"),
        ({"url": "nonsense"}, "look-up orders"),
        ({"url": "sqlite://"}, "path"),
    ],
)
def test_bad_queries_are_errors_at_start(make, shop, changes, message):
    with pytest.raises(BadQuery, match=message) as refused:
        make(**lookup(shop, **changes))
    assert "hunter2" not in str(refused.value)


def test_a_model_is_told_of_a_bots_tools_only(tmp_path, shop):
    settings = Settings(var_dir=tmp_path / "var")
    toolbox = Toolbox(settings, tools=ToolSettings(**lookup(shop, about="a caller's orders")))
    cards = toolbox.cards(("hangup", "lookup_record", "nonsense"))
    toolbox.stop()
    assert [card.name for card in cards] == ["hangup", "lookup_record"]
    assert cards[1].description == "Look something up. Queries: orders(phone): a caller's orders"
    assert cards[1].schema["properties"]["query"]["enum"] == ["orders"]


# --- create_ticket ---------------------------------------------------------------------------------


def test_a_ticket_is_kept_and_told_of_once(make, receiver, tmp_path):
    run = make(tickets={"webhook": "desk"})
    given = {
        "subject": "Leak'; DROP TABLE tickets--",
        "body": "In the \x00cellar\ud800.",
        "priority": "high",
    }
    first, again = (run("create_ticket", **given) for _ in range(2))
    other = run("create_ticket", "2", **given)
    assert first.ok
    assert first.data == again.data != other.data
    store = outbox(tmp_path)
    assert settled(store) == [OutboxState.SENT] * 2
    store.close()
    assert sorted(receiver.keys()) == sorted([first.data["ticket_id"], other.data["ticket_id"]])
    told = json.loads(receiver.posts[0][1])
    assert told["params"]["body"] == "In the \ufffdcellar\ufffd."
    assert (told["template_id"], told["params"]["priority"]) == ("ticket_created", "high")
    with sqlite3.connect(tmp_path / "var" / "switchtalk.db") as database:
        rows = database.execute("SELECT subject, session_id, priority FROM tickets").fetchall()
    assert rows == [("Leak'; DROP TABLE tickets--", "session-1", "high")] * 2


@pytest.mark.parametrize(
    "given",
    [{"subject": "x"}, {"subject": "", "body": "y"}, {"subject": "x", "body": "y", "priority": "asap"}],
)
def test_half_a_ticket_is_none(make, given):
    assert make()("create_ticket", **given).code == "bad_arguments"


def test_without_its_table_a_ticket_is_not_promised(make, tmp_path):
    run = make()
    with sqlite3.connect(tmp_path / "var" / "switchtalk.db") as database:
        database.execute("DROP TABLE tickets")
    outcome = run("create_ticket", subject="x", body="y")
    assert (outcome.ok, outcome.code, outcome.retryable) == (False, "unavailable", True)


def test_tickets_need_a_webhook_that_there_is(make):
    with pytest.raises(ValueError, match=r"tools\.tickets\.webhook"):
        make(tickets={"webhook": "nobody"})


# --- send_notification -----------------------------------------------------------------------------


def test_a_text_message_keeps_the_providers_form(make, receiver, tmp_path):
    form = {"messages": [{"to": "$to", "body": "$text", "n": 1}], "ref": "x-$message_id"}
    sms = {
        "url": receiver.url,
        "secret": "open sesame",
        "body": form,
        "allow_private": True,
        "recipients": {"desk": "+8613800000000"},
    }
    run = make(sms=sms)
    said = 'Li", "to": "+1900 $to'
    sent = run(
        "send_notification",
        channel="sms",
        to="desk",
        template_id="call_back",
        params={"name": said},
    )
    store = outbox(tmp_path)
    assert settled(store) == [OutboxState.SENT]
    store.close()
    headers, body = receiver.posts[0]
    assert headers["Authorization"] == "Bearer open sesame"
    words = f"A caller asks to be called back. Name: {said}"
    assert json.loads(body) == {
        "messages": [{"to": "+8613800000000", "body": words, "n": 1}],
        "ref": f"x-{sent.data['message_id']}",
    }


def test_channels_that_are_not_configured_are_not_offered(make):
    for name in ("sms", "email"):
        outcome = make()("send_notification", channel=name, to="desk", template_id="call_back")
        assert outcome.code == "bad_arguments"


@pytest.mark.parametrize("to", ["nobody", "http://127.0.0.1/"])
def test_unknown_recipients_are_told_at_once(make, to, tmp_path):
    run = make()
    outcome = run("send_notification", channel="webhook", to=to, template_id="call_back")
    assert outcome.code == "bad_arguments"
    store = outbox(tmp_path)
    assert store.listed() == ()
    store.close()


@pytest.mark.parametrize(
    "body",
    [{}, {"to": "$to"}, {"to": "$to", "text": "$text $secret"}, {"to": "$to", "text": "$text 5$"}],
)
def test_bad_sms_forms(body):
    with pytest.raises(ValueError, match="SMS body"):
        SmsProvider("https://sms.example/", body)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (EmailSettings, {"host": "h"}),
        (EmailSettings, {"host": "h", "sender": "a@b", "user": "u", "security": "none"}),
        (EmailSettings, {"recipients": {"desk": "a@b\nBcc: c@d"}}),
        (EmailSettings, {"recipients": {"desk": "a@b, c@d"}}),
        (EmailSettings, {"recipients": {"desk": "A <a@b>"}}),
        (SmsSettings, {"recipients": {"desk": "123; drop"}}),
        (SmsSettings, {"recipients": {"a b": "123"}}),
    ],
)
def test_bad_settings(section, values):
    with pytest.raises(ValidationError):
        section(**values)
