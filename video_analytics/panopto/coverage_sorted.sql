-- Very many stretches, put in the order of their parts, so that each part is found in one place.
CREATE TABLE coverage.sorted AS FROM coverage.stretches ORDER BY pair;

DROP TABLE coverage.stretches;

ALTER TABLE coverage.sorted RENAME TO stretches;
