import { expect, test } from 'vitest';
import { conditionOf } from './condition-of.ts';

test.each([
  ['status', 'error', 'status = error'],
  ['name', 'GET "x"', 'name = "GET \\"x\\""'],
  ['span.http.response.status_code', '502', 'span.http.response.status_code = "502"'],
  ['resource.odd name', 'a', 'resource."odd name" = "a"'],
  ['event:name', 'retry', 'event:name = "retry"'],
])('%s with %s is %s', (name, value, expected) => expect(conditionOf(name, value)).toBe(expected));
