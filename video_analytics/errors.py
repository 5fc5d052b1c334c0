"""Everything that can go wrong, as one small tree.

    VideoAnalyticsError
    ├── SettingsError            a file, key or variable of the home is wrong; exit code 2
    ├── LakeError                a file of the lake cannot be read or written
    ├── ReportError              a dropped file is no report that can be read, or reports do not suffice
    ├── PlanError                rules of a retention plan overlap or leave hours unassigned
    ├── DeliveryError            a file could not be put where its route says
    │   └── ShareAway            no file can be put there: the share is gone, full, or may not be written
    ├── AlertError               a message could not be handed to its channel
    └── VendorError              a call to a vendor did not give what was asked
        ├── Unauthorized         the credentials are refused, also with a new token
        ├── Refused              a permanent no: unknown path, missing right, bad combination
        ├── Throttled            still "too many requests" after all patience
        ├── Unavailable          network, 5xx, dropped connection, after all retries
        │   └── TooSlow          no answer in time, or PROCESSING for too long: ask for less
        ├── Malformed            an answer that is not what the contract describes
        └── Incomplete           counts or sums that disagree: the answer is not the whole

Messages name the account, the days and the endpoint, what was expected, what came, and what to do.
They never hold a token, a password or a viewer's identity.
"""


class VideoAnalyticsError(Exception):
    """The root: whatever the platform raises on purpose.

    `permanent`: asking again cannot help before somebody has changed something.
    """

    permanent = False


class SettingsError(VideoAnalyticsError):
    """Broken configuration; the text has one line per problem: file, key, problem, mend."""

    permanent = True


class LakeError(VideoAnalyticsError):
    """A file of the lake cannot be read or written."""


class ReportError(VideoAnalyticsError):
    """A file is no usage report that can be read whole, or the reports at hand do not suffice."""

    permanent = True


class PlanError(VideoAnalyticsError):
    """The rules of a retention plan overlap, or leave hours unassigned."""

    permanent = True


class DeliveryError(VideoAnalyticsError):
    """A file could not be put where its route says."""


class ShareAway(DeliveryError):
    """No file can be put on the share: it is gone, full, or may not be written."""


class PageError(VideoAnalyticsError):
    """A page could not be made of what there is."""


class AlertError(VideoAnalyticsError):
    """A message could not be handed to its channel; never holds the channel's address."""


class VendorError(VideoAnalyticsError):
    """A vendor's call failed.

    `code` is the vendor's own error code, `status` the HTTP status, `retry_after` the seconds the vendor
    asks to wait: each None if there is none. `insisted`: retries have been spent on it already.
    """

    insisted = False

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after: float | None = None


class Unauthorized(VendorError):
    """The credentials are refused, also with a new token."""

    permanent = True


class Refused(VendorError):
    """A permanent no: repeating the call cannot help."""

    permanent = True


class Throttled(VendorError):
    """The vendor still said "too many requests" after all patience."""


class Unavailable(VendorError):
    """The vendor could not be reached or kept failing, after all retries."""


class TooSlow(Unavailable):
    """No answer in time; a smaller question may be answered."""


class Malformed(VendorError):
    """An answer that is not what the vendor's contract describes."""


class Incomplete(VendorError):
    """An answer that contradicts its own counts or sums."""
