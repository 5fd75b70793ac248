import type { Search } from './ast.ts';
import { findField, type Table } from './fields.ts';
import { tokensOf } from './words.ts';

/**
 * Settings of a read that finds little, wherever it stands: the engine asks its indexes about everything at once before it reads,
 * which costs less than to ask beside the reading.
 */
export const indexesFirst = { use_skip_indexes_on_data_read: 0 } as const;

/** Whether indexes lead to all that a search finds: then a long stretch of time costs little more than a short one. */
export function isIndexed(table: Table, search: Search): boolean {
  switch (search.kind) {
    case 'and':
      return search.items.some((item) => isIndexed(table, item));
    case 'or':
      return search.items.length > 0 && search.items.every((item) => isIndexed(table, item));
    case 'text':
      // The text index covers one column of logs; a word that looks like an id is looked up in other indexes as well.
      return table === 'logs' && !search.value.wildcard && tokensOf(search.value.text).length > 0;
    case 'field': {
      const { test } = search;
      if (test.kind !== 'is' || test.value.wildcard || test.value.text === '') return false;
      const field = findField(table, search.field);
      if (field.kind === 'text') return table === 'logs' && tokensOf(test.value.text).length > 0;
      return field.kind === 'attribute' || field.kind === 'id' || (field.kind === 'hex' && field.column === 'trace_id');
    }
    default:
      return false;
  }
}
