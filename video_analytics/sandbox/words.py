"""The vocabulary of the simulated catalogue: titles, tags and texts, the awkward ones included."""

TOPICS = (
    "Quarterly results", "Market outlook", "Chief Economist's view",
    "Zürich town hall", "Sustainable finance", "Wealth insights",
    "How to invest", "Onboarding", "Cyber security basics",
    "Year-end review", "Innovation day", "Équipe Genève",
    "La Grande Conférence", "日本市場の見通し", "新加坡 投资论坛",
    "Übersicht Vermögensplanung", "Women in leadership", "Podcast",
    "Credit, rates & FX", 'The "new" normal', "CIO Monthly",
)  # fmt: skip
KINDS = (
    "interview",
    "highlights",
    "full recording",
    "teaser",
    "explainer",
    "panel",
    "part 1",
    "part 2",
    "Q&A",
)
ODD_TITLES = (
    "=SUM(A1)",
    "-1+1",
    "+41 44 234 11 11",
    "@home: working remotely",
    '=HYPERLINK("http://example.invalid","click")',
    "Title, with comma; and semicolon",
    'He said "yes"',
    "Line one\nline two",
    "Tab\there",
    "  spaces around  ",
    "<b>bold</b> & <script>alert(1)</script>",
    "Emoji 🎬📈",
    "مقابلة مع الرئيس التنفيذي",
    "e\u0301 decomposed",
    "bell\u0007 and \u000b control",
    "007",
    "1e5",
    "null",
    "../../etc/passwd",
    "A very long title " * 12,
)
DESCRIPTIONS = (
    None,
    None,
    "Short text",
    "First line.\nSecond line, with a comma.\r\nThird \u2013 with a dash.",
    "Contains \"double quotes\" and 'single' ones",
    "Erklärt in drei Minuten, was die Märkte bewegt.",
    "=1+1",
)
TAGS = (
    "q1",
    "q2",
    "q3",
    "q4",
    "results",
    "economy",
    "esg",
    "équité",
    "ceo",
    "event",
    "internal",
    "2025",
    "日本",
)
EMAILS = ("a.person", "b.person", "c.pérson", "d.o'person", "e.person")

CUSTOM_FIELDS: tuple[tuple[str, str, tuple[str, ...], float], ...] = (
    # internal name, display name, enum values (empty: free text), how often filled
    ("video_content_type", "Video content type", ("interview", "event", "tutorial", "news"), 0.8),
    ("relatedlinkname", "Related link name", (), 0.2),
    ("relatedlink", "Related link", (), 0.2),
    ("country", "Country", ("CH", "US", "GB", "SG", "JP", "DE"), 0.7),
    ("language", "Language", ("en", "de", "fr", "it", "ja", "zh"), 0.8),
    ("business_unit", "Business unit", ("Group", "IB", "GWM", "AM", "P&C"), 0.6),
    ("video_category", "Video category", ("corporate", "product", "people"), 0.5),
    ("video_length", "Video length", ("short", "medium", "long"), 0.4),
    ("video_owner_email", "Video owner e-mail", (), 0.5),
    ("1a_comms_sign_off", "1a Comms sign-off", ("Yes", "No"), 0.3),
    ("1b_comms_sign_off_approver", "1b Comms sign-off approver", (), 0.3),
    ("2a_data_classification_disclaimer", "2a Data classification", ("Public", "Internal"), 0.3),
    ("3a_records_management_disclaimer", "3a Records management", ("Yes", "No"), 0.2),
    ("4a_archiving_disclaimer_comms_branding", "4a Archiving", ("Yes", "No"), 0.2),
    ("4b_unique_sharepoint_id", "4b Unique SharePoint id", (), 0.2),
)
EXTRA_FIELD = ("analyst_team", "Analyst team", ("Macro", "Equity", "Credit"), 0.6)
FREE_TEXTS = {
    "relatedlinkname": "Read more, here",
    "relatedlink": "https://www.example.com/a?b=c&d=é",
    "video_owner_email": "owner@example.com",
    "1b_comms_sign_off_approver": "A. Person",
    "4b_unique_sharepoint_id": "000{number}",
}
