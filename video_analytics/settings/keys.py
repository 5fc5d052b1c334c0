"""What each source of settings may name: variables, keys of `secrets.json`, tables of `settings.toml`."""

from video_analytics import clock
from video_analytics.settings.alerts import Alerts
from video_analytics.settings.automation import Automation, Backfill
from video_analytics.settings.delivery import Delivery, Route, Share
from video_analytics.settings.models import Account, Brightcove, Network
from video_analytics.settings.pages import Pages
from video_analytics.settings.panopto import Panopto
from video_analytics.settings.retention import Bundle, Retention, Scenario

ENVIRONMENT, DOTENV, SECRETS, TOML = "environment", ".env", "secrets.json", "settings.toml"
HOME = "VIDEO_ANALYTICS_HOME"

# variable, field; of two for one field the later wins, as in requests and urllib
VARIABLES = {
    "BRIGHTCOVE_CLIENT_ID": ("brightcove", "client_id"),
    "BRIGHTCOVE_CLIENT_SECRET": ("brightcove", "client_secret"),
    "BRIGHTCOVE_OAUTH_URL": ("brightcove", "oauth_url"),
    "BRIGHTCOVE_CMS_URL": ("brightcove", "cms_url"),
    "BRIGHTCOVE_ANALYTICS_URL": ("brightcove", "analytics_url"),
    "BRIGHTCOVE_INSIGHTS_URL": ("brightcove", "insights_url"),
    "PANOPTO_SERVER": ("panopto", "server"),
    "PANOPTO_USERNAME": ("panopto", "username"),
    "PANOPTO_PASSWORD": ("panopto", "password"),
    "PANOPTO_CLIENT_ID": ("panopto", "client_id"),
    "PANOPTO_CLIENT_SECRET": ("panopto", "client_secret"),
    "PANOPTO_PSEUDONYM_KEY": ("panopto", "pseudonym_key"),
    "VIDEO_ANALYTICS_SMTP_USERNAME": ("alerts", "smtp_username"),
    "VIDEO_ANALYTICS_SMTP_PASSWORD": ("alerts", "smtp_password"),
    "VIDEO_ANALYTICS_SLACK_URL": ("alerts", "slack_url"),
    "VIDEO_ANALYTICS_TEAMS_URL": ("alerts", "teams_url"),
    "VIDEO_ANALYTICS_WEBHOOK_URL": ("alerts", "webhook_url"),
    "HTTPS_PROXY": ("network", "https_proxy"),
    "https_proxy": ("network", "https_proxy"),
    "HTTP_PROXY": ("network", "http_proxy"),
    "http_proxy": ("network", "http_proxy"),
    "NO_PROXY": ("network", "no_proxy"),
    "no_proxy": ("network", "no_proxy"),
    "SSL_CERT_FILE": ("network", "ca_bundle"),
    "REQUESTS_CA_BUNDLE": ("network", "ca_bundle"),
}
# What earlier scripts called them, in `.env` alone: Windows has a USERNAME of its own in every environment.
OLD_VARIABLES = {
    name.removeprefix("PANOPTO_"): path
    for name, path in VARIABLES.items()
    if name.startswith("PANOPTO_") and name != "PANOPTO_PSEUDONYM_KEY"
}
OURS = ("BRIGHTCOVE_", "PANOPTO_", "VIDEO_ANALYTICS_")  # other names are other programs' business
OUR_VARIABLES = (*(name for name in VARIABLES if name.startswith(OURS)), HOME, clock.VARIABLE)

# key of secrets.json, field
SECRET_KEYS = {"client_id": ("brightcove", "client_id"), "client_secret": ("brightcove", "client_secret")}
PANOPTO_KEYS = {
    key: ("panopto", key) for key in ("username", "password", "client_id", "client_secret", "pseudonym_key")
}
ALERT_KEYS = {
    key: ("alerts", key)
    for key in ("smtp_username", "smtp_password", "slack_url", "teams_url", "webhook_url")
}
PROXY_KEYS = {"http": ("network", "http_proxy"), "https": ("network", "https_proxy")}

# object inside secrets.json: its keys, and how it is written
SECRET_OBJECTS = {
    "panopto": (PANOPTO_KEYS, '"username": "…", "password": "…", "client_id": "…", "client_secret": "…"'),
    "alerts": (ALERT_KEYS, '"smtp_username": "…", "smtp_password": "…", "teams_url": "…"'),
    "proxies": (PROXY_KEYS, '"http": "…", "https": "…"'),
}

# table of settings.toml, its keys and those that are too secret for it
TOML_SECRETS = {
    "brightcove": SECRET_KEYS.keys(),
    "panopto": PANOPTO_KEYS.keys() - {"username"},
    "delivery": {"share_secrets"},
    "alerts": ALERT_KEYS.keys(),
}
TOML_TABLES = {
    "brightcove": frozenset(Brightcove.model_fields) - TOML_SECRETS["brightcove"],
    "panopto": frozenset(Panopto.model_fields) - TOML_SECRETS["panopto"],
    "retention": frozenset(Retention.model_fields),
    "automation": frozenset(Automation.model_fields),
    "delivery": frozenset(Delivery.model_fields) - TOML_SECRETS["delivery"],
    "alerts": frozenset(Alerts.model_fields) - TOML_SECRETS["alerts"],
    "pages": frozenset(Pages.model_fields),
    "network": frozenset(Network.model_fields),
}
# What is told of a share in settings.toml, and what in secrets.json.
SHARES, SHARE_SECRETS = ("delivery", "shares"), ("delivery", "share_secrets")
# Keys that hold tables by name, and the keys of such a table: what the models know but the name.
NAMED_TABLES = {
    ("brightcove", "accounts"): frozenset(Account.model_fields) - {"name", "key"},
    ("retention", "bundles"): frozenset(Bundle.model_fields) - {"name"},
    ("retention", "scenarios"): frozenset(Scenario.model_fields) - {"name"},
    ("automation", "backfills"): frozenset(Backfill.model_fields) - {"name"},
    SHARES: frozenset(Share.model_fields) - {"name", "secrets"},
    ("delivery", "routes"): frozenset(Route.model_fields) - {"name"},
}
