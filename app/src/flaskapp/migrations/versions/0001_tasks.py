"""Create the table of tasks."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def moment() -> sa.types.TypeEngine[datetime]:
    """Return the timestamp type: with time zone where the engine supports it, else microseconds in UTC."""
    return sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Create what is missing. MySQL commits each DDL statement, so an interrupted run may have created a part."""
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("worker", sa.String(255), nullable=True),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("queued_at", moment(), nullable=False),
        sa.Column("leased_until", moment(), nullable=True),
        sa.Column("finished_at", moment(), nullable=True),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        if_not_exists=True,
    )
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("tasks")}
    for name, columns in (
        ("ix_tasks_status_queued_at", ["status", "queued_at"]),
        ("ix_tasks_created_at_id", ["created_at", "id"]),
    ):
        if name not in present:
            op.create_index(name, "tasks", columns)
