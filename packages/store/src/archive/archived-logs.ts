/** Names that speak of an audit trail, a payment or an age check. */
const word = '(audit|payment|age[._ -]?(check|verif))';

/**
 * Class of a record, of type String: `compliance` where its event's or its service's name has a word that begins with audit,
 * payment, age check or age verification, where an attribute begins so, or where it says so itself (`retention.class`).
 */
export const classOfLog = `if(match(lowerUTF8(event_name), '(^|[^a-z])${word}') OR match(lowerUTF8(service), '(^|[^a-z])${word}')
  OR attrs['retention.class'] = 'compliance' OR res['retention.class'] = 'compliance'
  OR arrayExists(name -> match(lowerUTF8(name), '^${word}'), mapKeys(attrs)), 'compliance', 'default')`;

/** What a file holds: every column, ids in hexadecimal, plain types that each reader of Parquet knows. */
export const archivedColumns = `toString(organisation) AS organisation, toString(site) AS site, toString(device) AS device,
  toString(environment) AS environment, toString(service) AS service, toString(release) AS release, ts, received_at, severity,
  toString(severity_text) AS severity_text, toString(event_name) AS event_name, body,
  if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id, if(span_id = toFixedString('', 8), '', lower(hex(span_id))) AS span_id,
  flags, correlation_id, toString(scope_name) AS scope_name, CAST(res, 'Map(String, String)') AS res, CAST(attrs, 'Map(String, String)') AS attrs`;
