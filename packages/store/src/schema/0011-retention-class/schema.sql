-- The retention class that a log was given when it was stored. The default is the built-in classes (part `record`), for what is loaded under them
-- and for what was stored before: names of attributes are first looked at all at once, which costs a third of one by one.
ALTER TABLE logs ADD COLUMN class LowCardinality(String) DEFAULT multiIf(
  attrs['retention.class'] IN ('compliance', 'default'), attrs['retention.class'],
  res['retention.class'] IN ('compliance', 'default'), res['retention.class'],
  match(event_name, '(?i)(^|[^a-z])(audit|payment|age[._ -]?(check|verif))') OR match(service, '(?i)(^|[^a-z])(audit|payment|age[._ -]?(check|verif))')
    OR arrayExists(name -> match(name, '(?i)^(audit|payment|age[._ -]?(check|verif))'),
      if(multiSearchAnyCaseInsensitive(concat('\n', arrayStringConcat(mapKeys(attrs), '\n')), ['\naudit', '\npayment', '\nage']), mapKeys(attrs), [])),
  'compliance', 'default') AFTER attrs;
