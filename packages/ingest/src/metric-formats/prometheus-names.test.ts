import { expect, test } from 'vitest';
import { type NamedAs, prometheusLabelName, prometheusMetricName, prometheusUnit } from './prometheus-names.ts';

test.each<[name: string, unit: string, as: NamedAs, expected: string]>([
  ['http.server.request.duration', 's', 'other', 'http_server_request_duration_seconds'],
  ['http.server.request.duration.seconds', 's', 'other', 'http_server_request_duration_seconds'],
  ['process.cpu.time', 's', 'counter', 'process_cpu_time_seconds_total'],
  ['requests.total', '', 'counter', 'requests_total'],
  ['total.requests', '{request}', 'counter', 'requests_total'],
  ['memory.usage', 'By', 'gauge', 'memory_usage_bytes'],
  ['system.cpu.utilization', '1', 'gauge', 'system_cpu_utilization_ratio'],
  ['things', '1', 'counter', 'things_total'],
  ['things', '1', 'other', 'things'],
  ['throughput', 'By/s', 'gauge', 'throughput_bytes_per_second'],
  ['orders', '{order}/h', 'gauge', 'orders_per_hour'],
  ['orders', '/min', 'gauge', 'orders_per_min'],
  ['cpu', '%', 'gauge', 'cpu_percent'],
  ['odd', 'm^2', 'gauge', 'odd_m_2'],
  ['9lives', '', 'gauge', '_9lives'],
  ['a..b--c__d', '', 'gauge', 'a_b_c_d'],
  ['größe', '', 'gauge', 'gr_e'],
  ['rule:name', '', 'gauge', 'rule:name'],
  ['...', '', 'gauge', ''],
  ['', 's', 'gauge', 'seconds'],
])('metric %j in %j (%s) is %s', (name, unit, as, expected) =>
  expect(prometheusMetricName(name, unit, as)).toBe(expected),
);

test.each([
  ['http.request.method', 'http_request_method'],
  ['a..b', 'a_b'],
  ['1st', 'key_1st'],
  ['_private', '_private'],
  ['__reserved__', '__reserved__'],
  ['größe', 'gr_e'],
  ['...', ''],
  ['', ''],
])('label %j is %j', (name, expected) => expect(prometheusLabelName(name)).toBe(expected));

test.each([
  ['s', 'seconds'],
  ['By/s', 'bytes_per_second'],
  ['1', ''],
  ['{order}', ''],
])('unit %j is %j', (unit, expected) => expect(prometheusUnit(unit)).toBe(expected));
