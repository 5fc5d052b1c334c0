"""Which account of the settings an old file or row means: by its id, else by the name it was given there."""

from pathlib import Path

from video_analytics.settings import Account, Settings

UNKNOWN = (
    "account_id and channel: expected an account of the settings; add it there, or the row cannot be placed"
)


class Accounts:
    """The accounts of the settings, by id and by name; signs and case in names do not count."""

    def __init__(self, settings: Settings) -> None:
        self.by_id = {account.id: account for account in settings.brightcove.accounts}
        self._by_name = {_letters(account.name): account for account in settings.brightcove.accounts}

    def of(self, account_id: str | None, channel: str | None) -> Account | None:
        """The account of a row; None where it cannot be known, or id and name mean two."""
        named = self._by_name.get(_letters(channel)) if channel else None
        if account_id is None:
            return named
        found = self.by_id.get(account_id)
        return None if found and named and found != named else found

    def of_file(self, path: Path) -> Account | None:
        """The account that `{account}_cms.csv` is named for."""
        return self._by_name.get(_letters(path.stem.removesuffix("_cms")))


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
