import type { Result } from '@sightline/base';
import type { SearchError } from './ast.ts';
import { compile, type CompiledSearch } from './compile.ts';
import type { Table } from './fields.ts';
import { parseSearch } from './parse.ts';

/**
 * Compiles a search text into a condition on `table` with bound parameters (`<prefix>0`, `<prefix>1`, …). The caller adds
 * organisation and time range before it. Never throws; a fault names its place and what was expected.
 */
export function compileSearch(table: Table, text: string, prefix = 'q'): Result<CompiledSearch, SearchError> {
  const parsed = parseSearch(text);
  return parsed.ok ? compile(table, parsed.value, prefix) : parsed;
}
