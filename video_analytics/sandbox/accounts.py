"""The eleven accounts of the simulated vendor: a table of who they are and how busy they are."""

from dataclasses import dataclass

ZONES: dict[str, str] = {
    "internet": "Europe/Zurich",
    "intranet": "Europe/Zurich",
    "neo": "America/New_York",
    "research": "Europe/London",
    "research_internal": "UTC",
    "impact": "America/New_York",
    "circleone": "Asia/Singapore",
    "digital_networks_events": "Europe/Zurich",
    "fa_web": "America/Chicago",
    "sumitrust": "Asia/Tokyo",
    "myway": "Europe/Zurich",
}


@dataclass(frozen=True, slots=True)
class Account:
    """One account; the shares say how the world's videos and rows are spread."""

    name: str
    id: str
    videos: float  # share of all videos
    rows: float  # share of all video-days
    weekend: float  # weekend traffic as a part of a weekday's
    quiet: float  # probability that a weekend day has no row at all
    play_rate: float  # mean views per impression
    index: int = 0

    @property
    def zone(self) -> str:
        """The IANA zone in which this account's days run."""
        return ZONES[self.name.lower()]


_TABLE = (
    # name, id, share of videos, share of rows, weekend, quiet weekend, play rate
    ("Internet", "1197194721001", 0.36, 0.52, 0.70, 0.00, 0.75),
    ("Intranet", "4413047246001", 0.22, 0.19, 0.12, 0.00, 0.55),
    ("neo", "5972928207001", 0.09, 0.07, 0.10, 0.20, 0.45),
    ("research", "3467683096001", 0.08, 0.07, 0.25, 0.05, 0.50),
    ("research_internal", "3731172721001", 0.06, 0.03, 0.06, 0.50, 0.50),
    ("impact", "968049871001", 0.05, 0.03, 0.20, 0.30, 0.40),
    ("circleone", "6283605170001", 0.04, 0.03, 0.20, 0.40, 0.45),
    ("digital_networks_events", "4631489639001", 0.04, 0.02, 0.15, 0.50, 0.60),
    ("fa_web", "807049819001", 0.03, 0.02, 0.10, 0.60, 0.35),
    ("SuMiTrust", "5653786046001", 0.02, 0.01, 0.08, 0.80, 0.40),
    ("MyWay", "6300219615001", 0.01, 0.01, 0.10, 0.80, 0.50),
)
ACCOUNTS: tuple[Account, ...] = tuple(Account(*row, index=index) for index, row in enumerate(_TABLE))
EXTRA_FIELD_ACCOUNT = "research"  # has one custom field more than the others


def find_account(name_or_id: str) -> Account:
    """The account of that id or (case aside) name."""
    for account in ACCOUNTS:
        if name_or_id == account.id or name_or_id.lower() == account.name.lower():
            return account
    raise KeyError(name_or_id)
