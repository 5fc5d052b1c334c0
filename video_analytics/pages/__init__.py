"""Pages that people open with a double click: one file each, without server, network or licence.

frame       what every page has: the frame, the controls, charts with a sentence and a table behind them
bundle      the chart library, taken from the installed package when a page is built
hiding      which numbers are withheld so that no small group of viewers shows
course      course and video overview; storage, channels, trust, index: the other pages
making      each kind of page of a home: what it is made from, its pages, its line in the index
building    which pages there are, and writing those that changed
"""
