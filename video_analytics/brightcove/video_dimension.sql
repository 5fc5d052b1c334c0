-- One row for each video ever seen in the catalogue, as the daily files show it.
-- `fingerprint` changes when anything shown changes.
CREATE OR REPLACE TEMP TABLE videos AS
WITH shown AS (
    SELECT
        account_id,
        video_id,
        name,
        created_at,
        published_at,
        raw ->> '$.original_filename'                AS original_filename,
        nullif(raw -> '$.created_by', 'null')::VARCHAR AS created_by,
        raw ->> '$.custom_fields.video_content_type' AS video_content_type,
        raw ->> '$.custom_fields.video_length'       AS video_length,
        duration_ms                                  AS video_duration,
        raw ->> '$.custom_fields.video_category'     AS video_category,
        raw ->> '$.custom_fields.country'            AS country,
        raw ->> '$.custom_fields.language'           AS "language",
        raw ->> '$.custom_fields.business_unit'      AS business_unit,
        array_to_string(from_json(raw -> '$.tags', '["VARCHAR"]'), ',') AS tags,
        reference_id
    FROM cms_catalog
)
SELECT *, hash(shown) AS fingerprint FROM shown;
