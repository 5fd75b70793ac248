/** Class of a record, of type String: as it was decided when the record was stored. */
export const classOfLog = 'toString(class)';

/** What a file holds: every column, ids in hexadecimal, plain types that each reader of Parquet knows. */
export const archivedColumns = `toString(organisation) AS organisation, toString(site) AS site, toString(device) AS device,
  toString(environment) AS environment, toString(service) AS service, toString(release) AS release, ts, received_at, severity,
  toString(severity_text) AS severity_text, toString(event_name) AS event_name, body,
  if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id, if(span_id = toFixedString('', 8), '', lower(hex(span_id))) AS span_id,
  flags, correlation_id, toString(scope_name) AS scope_name, CAST(res, 'Map(String, String)') AS res, CAST(attrs, 'Map(String, String)') AS attrs`;
