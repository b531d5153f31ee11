"""The table of exits: each way to mp.weixin.qq.com with its cool-down and health, remembered over
restarts.
"""

from __future__ import annotations

DDL: tuple[str, ...] = (
    """CREATE TABLE exits (
        name TEXT PRIMARY KEY,        -- as in config.toml; "direct" where none is named there
        level INTEGER NOT NULL DEFAULT 0,  -- blocks in a row: 1: 1 h, 2: 2 h, 3: 4 h … 24 h; 0: none
        since TEXT, until TEXT,
        reason TEXT, shown TEXT,
        struck TEXT,                  -- the long address that met the last captcha alone
        requests INTEGER NOT NULL DEFAULT 0,
        asked TEXT,                   -- when its last request ended
        answered TEXT,                -- when its last page came
        failures INTEGER NOT NULL DEFAULT 0,  -- in a row, since a page came
        error TEXT                    -- of the last of them
    )""",
    "INSERT INTO exits (name, level, since, until, reason, shown, struck) "
    "SELECT 'direct', level, since, until, reason, shown, struck FROM cooldown",
    "DROP TABLE cooldown",
    # which exit alone may open a page: the one whose cookies it needs
    "ALTER TABLE frontier ADD COLUMN exit TEXT",
)
