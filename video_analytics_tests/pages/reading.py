"""What a reader of a page sees: tables, sentences; and what they do to it."""

from playwright.sync_api import Page, expect


def table(page: Page, figure: str) -> list[list[str]]:
    """The table behind a figure, opened: its head and its rows, as text."""
    page.locator(f"#{figure} details").evaluate("each => { each.open = true; }")
    expect(page.locator(f"#{figure}-table thead tr")).to_have_count(1)
    rows: list[list[str]] = page.locator(f"#{figure}-table").evaluate(
        "table => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return rows


def finding(page: Page, figure: str) -> str:
    """The sentence of a figure."""
    return page.locator(f"#{figure}-finding").inner_text()


def period(page: Page, figure: str) -> str:
    """The words for the period a figure is of."""
    return page.locator(f"#{figure}-period").inner_text()


def choose(page: Page, control: str, value: str | float | list[str]) -> None:
    """Set a control: the value of a select's option, a slider's number, or which boxes are checked."""
    inputs = page.locator(f'.controls [name="{control}"]')
    if isinstance(value, list):
        for box in inputs.all():
            box.set_checked(box.get_attribute("value") in value)
    elif inputs.evaluate("each => each.tagName") == "SELECT":
        inputs.select_option(value=str(value))
    else:
        inputs.fill(str(value))
