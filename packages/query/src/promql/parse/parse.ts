import { fail, ok, type Result } from '@sightline/base';
import type { Expression, Matcher, ParseFault } from '../ast.ts';
import { checkExpression } from './check.ts';
import { faultOf, ParseFailure } from './fault.ts';
import { ExpressionReader } from './read-expression.ts';

/** Longer texts are refused. */
const lengthLimitBytes = 100_000;

/**
 * Reads and type-checks a PromQL expression (Prometheus 3.14, every experimental feature on). Refuses what Prometheus refuses, in
 * its words, and what is longer than 100,000 bytes or nested deeper than 200 levels. Never throws.
 * https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
export function parsePromql(text: string): Result<Expression, ParseFault> {
  return reading(text, () => {
    const expression = new ExpressionReader(text).read();
    checkExpression(text, expression);
    return expression;
  });
}

/** Reads one selector without modifiers (`match[]` of the API); it may match everything. Refuses as `parsePromql` does. */
export function parseSelector(text: string): Result<readonly Matcher[], ParseFault> {
  return reading(text, () => new ExpressionReader(text).readSelector().matchers);
}

function reading<T>(text: string, read: () => T): Result<T, ParseFault> {
  try {
    if (text.length > lengthLimitBytes || Buffer.byteLength(text) > lengthLimitBytes) {
      throw new ParseFailure({ start: 0, end: 0 }, `query is longer than ${lengthLimitBytes} bytes`);
    }
    return ok(read());
  } catch (error) {
    if (error instanceof ParseFailure) return fail(faultOf(text, error));
    throw error;
  }
}
