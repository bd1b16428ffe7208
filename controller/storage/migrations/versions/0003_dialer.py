"""The dialer: campaigns, contacts, attempts, do-not-call."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the four tables."""
    _create_campaigns()
    _create_contacts()
    _create_attempts()
    op.create_table(
        "do_not_call",
        sa.Column("number", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("number", name="pk_do_not_call"),
    )


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.UniqueConstraint("name", name="uq_campaigns_name"),
    )


def _create_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(128), nullable=False),
        sa.Column("import_id", sa.String(128), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.Column("language", sa.String(128), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(128), nullable=False),
        sa.Column("disposition", sa.String(128)),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.String(128)),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("attempt_id", sa.String(128)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_contacts_campaigns", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_contacts_import_id", "contacts", ["import_id"])
    op.create_index("uq_contacts_campaign_id_number", "contacts", ["campaign_id", "number"], unique=True)
    due = ["campaign_id", "state", "zones", "due_at", "id"]
    op.create_index("ix_contacts_campaign_id_state_zones_due_at_id", "contacts", due)
    op.create_index("ix_contacts_state_leased_until", "contacts", ["state", "leased_until"])


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("campaign_id", sa.String(128), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("called", sa.String(128), nullable=False),
        sa.Column("caller_id", sa.String(128), nullable=False),
        sa.Column("state", sa.String(128), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("disposition", sa.String(128)),
        sa.Column("cause", sa.String(128), nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("recording_path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_attempts_campaigns", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name="fk_attempts_contacts", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_attempts_campaign_id_began_at", "attempts", ["campaign_id", "began_at"])
    op.create_index("ix_attempts_campaign_id_ended_at", "attempts", ["campaign_id", "ended_at"])
    op.create_index("uq_attempts_contact_id_number", "attempts", ["contact_id", "number"], unique=True)
    still = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_attempts_open",
        "attempts",
        ["contact_id"],
        unique=True,
        sqlite_where=still,
        postgresql_where=still,
    )


def downgrade() -> None:
    """Drop them, with what they hold."""
    for table in ("do_not_call", "attempts", "contacts", "campaigns"):
        op.drop_table(table)
