-- What the scrubber removed by site too, and by the rules of organisations, whose markers are <user:…>, <rule:name>, <rule:name:…> and
-- <removed:name>. Counted by the markers; only rows that hold one are looked at closely.
ALTER TABLE scrubbed ADD COLUMN site LowCardinality(String), MODIFY ORDER BY (organisation, minute, signal, service, rule, site);

ALTER TABLE logs_to_scrubbed MODIFY QUERY
SELECT organisation, minute, 'logs' AS signal, service, replaceRegexpOne(found, '^(?:rule|removed):', '') AS rule, count() AS removed, site
FROM (SELECT organisation, minute, service, site, arrayJoin(extractAll(text, '<(email|ip|pan|password|secret|token|user|(?:rule|removed):[a-z0-9-]+)(?::[a-p]{16})?>')) AS found
  FROM (SELECT organisation, toStartOfMinute(received_at) AS minute, service, site, concat(body, ' ', arrayStringConcat(mapValues(attrs), ' ')) AS text FROM logs)
  WHERE multiSearchAny(text, ['<email>', '<ip>', '<pan>', '<password>', '<secret>', '<token>', '<user:', '<rule:', '<removed:']))
GROUP BY organisation, minute, service, site, rule;

ALTER TABLE spans_to_scrubbed MODIFY QUERY
SELECT organisation, minute, 'spans' AS signal, service, replaceRegexpOne(found, '^(?:rule|removed):', '') AS rule, count() AS removed, site
FROM (SELECT organisation, minute, service, site, arrayJoin(extractAll(text, '<(email|ip|pan|password|secret|token|user|(?:rule|removed):[a-z0-9-]+)(?::[a-p]{16})?>')) AS found
  FROM (SELECT organisation, toStartOfMinute(received_at) AS minute, service, site, concat(name, ' ', status_message, ' ', arrayStringConcat(mapValues(attrs), ' ')) AS text FROM spans)
  WHERE multiSearchAny(text, ['<email>', '<ip>', '<pan>', '<password>', '<secret>', '<token>', '<user:', '<rule:', '<removed:']))
GROUP BY organisation, minute, service, site, rule;

ALTER TABLE errors_to_scrubbed MODIFY QUERY
SELECT organisation, minute, 'errors' AS signal, service, replaceRegexpOne(found, '^(?:rule|removed):', '') AS rule, count() AS removed, site
FROM (SELECT organisation, minute, service, site, arrayJoin(extractAll(text, '<(email|ip|pan|password|secret|token|user|(?:rule|removed):[a-z0-9-]+)(?::[a-p]{16})?>')) AS found
  FROM (SELECT organisation, toStartOfMinute(received_at) AS minute, service, site, payload AS text FROM errors)
  WHERE multiSearchAny(text, ['<email>', '<ip>', '<pan>', '<password>', '<secret>', '<token>', '<user:', '<rule:', '<removed:']))
GROUP BY organisation, minute, service, site, rule;
