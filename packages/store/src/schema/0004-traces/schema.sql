-- What a span asked of something outside its process, told once, when it is stored: `call` is db, external, queue, ai or
-- '', `peer` the database, host, queue or provider, `statement` the folded statement, the operation or the model, `action`
-- the verb. Names are OpenTelemetry's, today's before yesterday's; spans stored before are told when they are read.
ALTER TABLE spans ADD COLUMN call LowCardinality(String) DEFAULT multiIf(
  kind = 2, '',
  (attrs['gen_ai.provider.name'] != '' OR attrs['gen_ai.system'] != '' OR attrs['gen_ai.request.model'] != '') AND attrs['gen_ai.operation.name'] NOT IN ('invoke_agent', 'create_agent', 'execute_tool', 'invoke_workflow'), 'ai',
  attrs['db.system.name'] != '' OR attrs['db.system'] != '' OR startsWith(attrs['sentry.op'], 'db'), 'db',
  attrs['messaging.system'] != '', 'queue',
  kind = 3, 'external',
  '');

ALTER TABLE spans ADD COLUMN peer LowCardinality(String) DEFAULT multiIf(
  call = '', '',
  call = 'external', arrayFirst(x -> x != '', [attrs['peer.service'],
    concat(attrs['server.address'], if(attrs['server.address'] = '' OR attrs['server.port'] IN ('', '80', '443'), '', concat(':', attrs['server.port']))),
    attrs['net.peer.name'], attrs['http.host'], domain(attrs['url.full']), domain(attrs['http.url']), attrs['network.peer.address'], attrs['net.peer.ip'], attrs['rpc.service'], 'unknown']),
  call = 'db', concat(arrayFirst(x -> x != '', [attrs['db.system.name'], attrs['db.system'], 'sql']),
    arrayFirst(x -> x != '/', [concat('/', attrs['db.namespace']), concat('/', attrs['db.name']), concat('/', attrs['server.address'])])),
  call = 'queue', concat(attrs['messaging.system'], '/', arrayFirst(x -> x != '', [attrs['messaging.destination.name'], attrs['messaging.destination'], 'unknown'])),
  arrayFirst(x -> x != '', [attrs['gen_ai.provider.name'], attrs['gen_ai.system'], attrs['server.address'], 'unknown']));

-- Literals become ?, lists of them and of placeholders ?.. (normalizeQuery reads SQL without parsing it: any text is safe).
ALTER TABLE spans ADD COLUMN statement LowCardinality(String) DEFAULT multiIf(
  call = 'db' AND (attrs['db.query.text'] != '' OR attrs['db.statement'] != ''),
    left(replaceRegexpAll(normalizeQuery(left(if(attrs['db.query.text'] != '', attrs['db.query.text'], attrs['db.statement']), 8000)), '(?:\\?|\\$[0-9]+|%s|[:@][A-Za-z_][A-Za-z0-9_]*)(?:, ?(?:\\?|\\$[0-9]+|%s|[:@][A-Za-z_][A-Za-z0-9_]*))+', '?..'), 2000),
  call = 'db' AND startsWith(attrs['sentry.op'], 'db'), left(normalizeQuery(left(name, 8000)), 2000),
  call = 'ai', arrayFirst(x -> x != '', [attrs['gen_ai.response.model'], attrs['gen_ai.request.model'], 'unknown']),
  call IN ('db', 'external'), toString(name),
  '');

ALTER TABLE spans ADD COLUMN action LowCardinality(String) DEFAULT multiIf(
  call = 'db', upper(arrayFirst(x -> x != '', [attrs['db.operation.name'], attrs['db.operation'], extract(toString(statement), '^\\W*(\\w+)')])),
  call = 'external', upper(arrayFirst(x -> x != '', [attrs['http.request.method'], attrs['http.method'], attrs['rpc.method']])),
  call = 'queue', multiIf(kind = 4, 'publish', kind = 5, 'process', attrs['messaging.operation.type'] != '', attrs['messaging.operation.type'], attrs['messaging.operation']),
  call = 'ai', arrayFirst(x -> x != '', [attrs['gen_ai.operation.name'], 'chat']),
  '');

-- RED by minute, service and operation. Durations are counted in buckets of an eighth of an octave (9 %): from them come
-- quantiles that can be added up, and the heat map. `entry`: serves a request, consumes a message or begins a trace.
CREATE TABLE operations (
  organisation LowCardinality(String),
  minute DateTime,
  service LowCardinality(String),
  name LowCardinality(String),
  kind UInt8,
  entry UInt8,
  environment LowCardinality(String),
  bucket Int16,
  calls UInt64,
  errors UInt64,
  duration_ns UInt64
) ENGINE = SummingMergeTree((calls, errors, duration_ns)) PARTITION BY toDate(minute) ORDER BY (organisation, minute, service, name, kind, entry, environment, bucket)
TTL minute + INTERVAL 30 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW spans_to_operations TO operations AS
SELECT organisation, toStartOfMinute(s.ts) AS minute, service, name, kind, toUInt8(kind IN (2, 5) OR s.parent_id = toFixedString('', 8)) AS entry, environment,
  toInt16(floor(log2(greatest(toFloat64(s.duration_ns), 1)) * 8)) AS bucket, count() AS calls, countIf(s.status_code = 2) AS errors, sum(s.duration_ns) AS duration_ns
FROM spans AS s GROUP BY organisation, minute, service, name, kind, entry, environment, bucket;

CREATE TABLE operation_hours (
  organisation LowCardinality(String),
  minute DateTime,
  service LowCardinality(String),
  name LowCardinality(String),
  kind UInt8,
  entry UInt8,
  environment LowCardinality(String),
  bucket Int16,
  calls UInt64,
  errors UInt64,
  duration_ns UInt64
) ENGINE = SummingMergeTree((calls, errors, duration_ns)) PARTITION BY toYYYYMM(minute) ORDER BY (organisation, minute, service, name, kind, entry, environment, bucket)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW operations_to_hours TO operation_hours AS
SELECT organisation, toStartOfHour(o.minute) AS minute, service, name, kind, entry, environment, bucket, sum(o.calls) AS calls, sum(o.errors) AS errors, sum(o.duration_ns) AS duration_ns
FROM operations AS o GROUP BY organisation, minute, service, name, kind, entry, environment, bucket;

-- Calls out of a process: databases, hosts, queues, AI. Tokens and cost are of AI calls; `priced_…` are the tokens of those
-- that did not tell their cost, to be priced when read.
CREATE TABLE calls (
  organisation LowCardinality(String),
  minute DateTime,
  call LowCardinality(String),
  peer LowCardinality(String),
  statement LowCardinality(String),
  action LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  bucket Int16,
  calls UInt64,
  errors UInt64,
  duration_ns UInt64,
  input_tokens UInt64,
  output_tokens UInt64,
  priced_input UInt64,
  priced_output UInt64,
  cost_usd Float64
) ENGINE = SummingMergeTree((calls, errors, duration_ns, input_tokens, output_tokens, priced_input, priced_output, cost_usd)) PARTITION BY toDate(minute)
ORDER BY (organisation, minute, call, peer, statement, action, service, environment, bucket)
TTL minute + INTERVAL 30 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW spans_to_calls TO calls AS
SELECT organisation, toStartOfMinute(s.ts) AS minute, call, peer, statement, action, service, environment,
  toInt16(floor(log2(greatest(toFloat64(s.duration_ns), 1)) * 8)) AS bucket, count() AS calls, countIf(s.status_code = 2) AS errors, sum(s.duration_ns) AS duration_ns,
  sum(if(s.call = 'ai', toUInt64OrZero(if(s.attrs['gen_ai.usage.input_tokens'] != '', s.attrs['gen_ai.usage.input_tokens'], s.attrs['gen_ai.usage.prompt_tokens'])), 0) AS tokens_in) AS input_tokens,
  sum(if(s.call = 'ai', toUInt64OrZero(if(s.attrs['gen_ai.usage.output_tokens'] != '', s.attrs['gen_ai.usage.output_tokens'], s.attrs['gen_ai.usage.completion_tokens'])), 0) AS tokens_out) AS output_tokens,
  sumIf(tokens_in, s.attrs['gen_ai.usage.cost'] = '') AS priced_input, sumIf(tokens_out, s.attrs['gen_ai.usage.cost'] = '') AS priced_output,
  sum(if(s.call = 'ai', toFloat64OrZero(s.attrs['gen_ai.usage.cost']), 0)) AS cost_usd
FROM spans AS s WHERE call != ''
GROUP BY organisation, minute, call, peer, statement, action, service, environment, bucket;

CREATE TABLE call_hours (
  organisation LowCardinality(String),
  minute DateTime,
  call LowCardinality(String),
  peer LowCardinality(String),
  statement LowCardinality(String),
  action LowCardinality(String),
  service LowCardinality(String),
  environment LowCardinality(String),
  bucket Int16,
  calls UInt64,
  errors UInt64,
  duration_ns UInt64,
  input_tokens UInt64,
  output_tokens UInt64,
  priced_input UInt64,
  priced_output UInt64,
  cost_usd Float64
) ENGINE = SummingMergeTree((calls, errors, duration_ns, input_tokens, output_tokens, priced_input, priced_output, cost_usd)) PARTITION BY toYYYYMM(minute)
ORDER BY (organisation, minute, call, peer, statement, action, service, environment, bucket)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW calls_to_hours TO call_hours AS
SELECT organisation, toStartOfHour(c.minute) AS minute, call, peer, statement, action, service, environment, bucket, sum(c.calls) AS calls, sum(c.errors) AS errors,
  sum(c.duration_ns) AS duration_ns, sum(c.input_tokens) AS input_tokens, sum(c.output_tokens) AS output_tokens, sum(c.priced_input) AS priced_input,
  sum(c.priced_output) AS priced_output, sum(c.cost_usd) AS cost_usd
FROM calls AS c GROUP BY organisation, minute, call, peer, statement, action, service, environment, bucket;

-- Pairs of parent and child of different services. Their halves come in different segments, so that no view can see both:
-- a step joins them by minute of receipt (packages/traces), each pair once, when its later half has come. `peer` is what the
-- parent called the child, so that a host that turns out to be one of our services is not shown as a stranger too.
CREATE TABLE edges (
  organisation LowCardinality(String),
  minute DateTime,
  caller LowCardinality(String),
  callee LowCardinality(String),
  message UInt8,
  peer LowCardinality(String),
  environment LowCardinality(String),
  bucket Int16,
  calls UInt64,
  errors UInt64,
  duration_ns UInt64,
  lag_ns UInt64
) ENGINE = SummingMergeTree((calls, errors, duration_ns, lag_ns)) PARTITION BY toDate(minute) ORDER BY (organisation, minute, caller, callee, message, peer, environment, bucket)
TTL minute + INTERVAL 30 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1;

CREATE TABLE edge_hours (
  organisation LowCardinality(String),
  minute DateTime,
  caller LowCardinality(String),
  callee LowCardinality(String),
  message UInt8,
  peer LowCardinality(String),
  environment LowCardinality(String),
  bucket Int16,
  calls UInt64,
  errors UInt64,
  duration_ns UInt64,
  lag_ns UInt64
) ENGINE = SummingMergeTree((calls, errors, duration_ns, lag_ns)) PARTITION BY toYYYYMM(minute) ORDER BY (organisation, minute, caller, callee, message, peer, environment, bucket)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW edges_to_hours TO edge_hours AS
SELECT organisation, toStartOfHour(e.minute) AS minute, caller, callee, message, peer, environment, bucket, sum(e.calls) AS calls, sum(e.errors) AS errors,
  sum(e.duration_ns) AS duration_ns, sum(e.lag_ns) AS lag_ns
FROM edges AS e GROUP BY organisation, minute, caller, callee, message, peer, environment, bucket;

-- Up to which moment of receipt the steps over spans have come; the newest row of a step counts.
CREATE TABLE span_steps (
  step LowCardinality(String),
  done_to DateTime64(3)
) ENGINE = MergeTree ORDER BY (step, done_to) TTL toDateTime(done_to) + INTERVAL 7 DAY DELETE
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1;
