import { parsePromql, type Expression } from '@sightline/query/promql';
import type { FileRule } from './rule-file.ts';
import type { RuleLanguage } from './rule-language.ts';

/** True for each rule that may read what a rule before it in the group writes: that must be visible then. LogQL reads no series. */
export function readsEarlier(rules: readonly FileRule[], language: RuleLanguage = 'promql'): boolean[] {
  if (language === 'logql') return rules.map(() => false);
  const written = new Set<string>();
  return rules.map((rule) => {
    const read = metricsOf(rule.expression);
    const depends = written.size > 0 && (read === undefined || [...read].some((name) => written.has(name)));
    if (rule.kind === 'recording') written.add(rule.name);
    else written.add('ALERTS').add('ALERTS_FOR_STATE');
    return depends;
  });
}

/** Names of the metrics that an expression reads; `undefined` when it may read any. */
function metricsOf(text: string): Set<string> | undefined {
  const parsed = parsePromql(text);
  const names = new Set<string>();
  return parsed.ok && collect(parsed.value, names) ? names : undefined;
}

function collect(node: Expression, names: Set<string>): boolean {
  switch (node.kind) {
    case 'vector-selector': {
      const named = node.matchers.find(({ label, operator }) => label === '__name__' && operator === '=');
      if (named === undefined) return false;
      names.add(named.value);
      return true;
    }
    case 'matrix-selector':
      return collect(node.selector, names);
    case 'parentheses':
    case 'unary':
    case 'subquery':
      return collect(node.inner, names);
    case 'aggregate':
      return collect(node.inner, names) && (node.parameter === undefined || collect(node.parameter, names));
    case 'binary':
      return collect(node.left, names) && collect(node.right, names);
    case 'call':
      return node.arguments.every((argument) => collect(argument, names));
    default:
      return true;
  }
}
