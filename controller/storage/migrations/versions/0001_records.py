"""Sessions, turns and tool calls."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables."""
    _create_sessions()
    _create_turns()
    _create_tool_calls()


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("entry", sa.String(128), nullable=False),
        sa.Column("bot", sa.String(128), nullable=False),
        sa.Column("language", sa.String(128), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("duration_ms", sa.Double()),
        sa.Column("end_reason", sa.String(128)),
        sa.Column("recording_path", sa.Text()),
        sa.Column("turn_count", sa.Integer(), nullable=False),
        sa.Column("tool_count", sa.Integer(), nullable=False),
        sa.Column("barge_in_count", sa.Integer(), nullable=False),
        sa.Column("trouble_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_started_at_id", "sessions", ["started_at", "id"])


def _create_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("caller_text", sa.Text(), nullable=False),
        sa.Column("bot_text", sa.Text(), nullable=False),
        sa.Column("heard_text", sa.Text(), nullable=False),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("endpoint_ms", sa.Double()),
        sa.Column("asr_final_ms", sa.Double()),
        sa.Column("llm_first_token_ms", sa.Double()),
        sa.Column("tts_first_frame_ms", sa.Double()),
        sa.Column("response_ms", sa.Double()),
        sa.Column("speculative", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "position", name="pk_turns"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_turns_sessions", ondelete="CASCADE"
        ),
    )


def _create_tool_calls() -> None:
    op.create_table(
        "tool_calls",
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(128), nullable=False),
        sa.Column("took_ms", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "position", name="pk_tool_calls"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_tool_calls_sessions", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Drop them, with all records."""
    op.drop_table("tool_calls")
    op.drop_table("turns")
    op.drop_table("sessions")
