"""Taking over what earlier scripts left: days, viewing records, last-viewed dates, credentials, courses.

    command      the command line
    work         which file goes to which importer, and in which order
    finding      the files of a folder, and what kind each one is
    sheets       CSV files, some rows at a time, each row with its line
    columns      texts with types, strictly; what has none is refused with its lines
    accounts     which account of the settings a file or row means
    tally        what became of each row of a file
    daily        daily analytics into the days of Brightcove
    last_views   last-viewed dates into the list that stands in for days not held
    viewing      viewing records into the days and years of Panopto's courses
    credentials  `secrets.json` and `.env`
    listing      `courses.csv` and `state.csv`
    report       what was taken, refused and why, for people and programs

What is imported fills gaps and never replaces what was fetched; it is marked, and it is due to be read from
the vendor, whose answer takes its place.
"""

from video_analytics.importing.command import import_command

__all__ = ["import_command"]
