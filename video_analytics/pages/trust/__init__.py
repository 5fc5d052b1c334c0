"""The trust page: from calendar, ledgers and notes to how far the numbers can be trusted."""
