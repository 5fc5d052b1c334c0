"""Pages that people open with a double click: one file each, without server, network or licence.

course, storage, channels, trust   a room for each page: its data, its charts, the page; index, the way there
frame, figures, words              what every page has: controls, charts with a sentence and a table, words
hiding, hiding_sums                which numbers are withheld so that no small group of viewers shows
bundle                             the chart library, taken from the installed package when a page is built
making, building, assets           what each page is made from, and writing those whose data changed
pictures                           the same charts, small, for the Dagster UI
"""
