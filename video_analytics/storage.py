"""Where Dagster keeps runs and events: SQLite in DAGSTER_HOME, or PostgreSQL when DAGSTER_PG_URL is set.

Named in `dagster.yaml`, because Dagster's own configuration cannot choose by a variable.
"""

import os
from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from video_analytics.errors import SettingsError

VARIABLE = "DAGSTER_PG_URL"


class HomeStorage(DagsterSqliteStorage):
    """SQLite beside `dagster.yaml`, unless the environment names a PostgreSQL database."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure in the file."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> DagsterStorage:  # type: ignore[override]  # noqa: ARG003
        """The storage the environment asks for."""
        url = os.environ.get(VARIABLE)
        if not url:
            return cls.from_local(os.environ["DAGSTER_HOME"], inst_data)
        try:
            from dagster_postgres import DagsterPostgresStorage  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SettingsError(
                f"environment: {VARIABLE} asks for PostgreSQL, which is not installed; "
                "run pip install 'video-analytics[postgres]'"
            ) from error
        driver = url.replace("postgresql://", "postgresql+psycopg2://", 1)  # the one the extra installs
        storage: DagsterStorage = DagsterPostgresStorage(
            driver, should_autocreate_tables=True, inst_data=inst_data
        )
        return storage
