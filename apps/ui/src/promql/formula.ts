import { fail, ok, type Result } from '@sightline/base';

/**
 * A formula over named queries (`A / B`) as one PromQL expression: each name becomes its query in parentheses. What stands in
 * quotes or braces, or is called as a function, is no name. The failure says which query there is none of.
 */
export function fillFormula(formula: string, queries: Readonly<Record<string, string>>): Result<string, string> {
  const missing = new Set<string>();
  const filled = formula.replaceAll(
    /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\{[^}]*\}|[A-Za-z_:][\w:]*(\s*\()?/g,
    (part: string, call: string | undefined) => {
      if (!/^[A-Z]$/.test(part) || call !== undefined) return part;
      const query = queries[part]?.trim() ?? '';
      if (query === '') missing.add(part);
      // The line feed ends a comment that the query may end with.
      return `(${query}${query.includes('#') ? '\n' : ''})`;
    },
  );
  const names = [...missing];
  return names.length === 0 ? ok(filled) : fail(`There is no query ${names.join(', ')}.`);
}
