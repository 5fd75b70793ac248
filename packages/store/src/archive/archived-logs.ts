/** Class of a record, of type String: as it was decided when the record was stored. */
export const classOfLog = 'toString(class)';

/** What a file holds: every column, ids in hexadecimal, plain types that each reader of Parquet knows. */
export const archivedColumns = `toString(organisation) AS organisation, toString(site) AS site, toString(device) AS device,
  toString(environment) AS environment, toString(service) AS service, toString(release) AS release, ts, received_at, severity,
  toString(severity_text) AS severity_text, toString(event_name) AS event_name, body,
  if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id, if(span_id = toFixedString('', 8), '', lower(hex(span_id))) AS span_id,
  flags, correlation_id, toString(scope_name) AS scope_name, CAST(res, 'Map(String, String)') AS res, CAST(attrs, 'Map(String, String)') AS attrs`;

const structure =
  `organisation String, site String, device String, environment String, service String, release String, ts DateTime64(9, 'UTC'),
  received_at DateTime64(9, 'UTC'), severity UInt8, severity_text String, event_name String, body String, trace_id String, span_id String,
  flags UInt8, correlation_id String, scope_name String, res Map(String, String), attrs Map(String, String)`.replaceAll(
    "'",
    "''",
  );

/**
 * Archived files as a table like `logs`, with the same `id`. `parameter` is bound to a path, or to a pattern of paths, whose last folder
 * is the class.
 */
export const archivedTable = (
  parameter: string,
): string => `(SELECT organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, event_name, body,
    toFixedString(unhex(trace_id), 16) AS trace_id, toFixedString(unhex(span_id), 8) AS span_id, flags, correlation_id, scope_name,
    CAST(res, 'Map(LowCardinality(String), String)') AS res, CAST(attrs, 'Map(LowCardinality(String), String)') AS attrs,
    splitByChar('/', _path)[-2] AS class, cityHash64(ts, site, device, service, span_id, body, attrs) AS id
  FROM file({${parameter}:String}, Parquet, '${structure}'))`;
