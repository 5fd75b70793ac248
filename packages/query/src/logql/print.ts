import { showDuration } from '../promql/parse/duration.ts';
import { quote } from '../promql/parse/quote.ts';
import type {
  Grouping,
  LabelFilter,
  LogExpression,
  Matcher,
  MetricExpression,
  Query,
  RangeAggregation,
  Stage,
} from './ast.ts';

/** A query as text; reading it gives the same tree. */
export function printLogql(query: Query): string {
  return query.kind === 'log' ? printLog(query) : printMetric(query);
}

const matcher = ({ label, op, value }: Matcher): string => `${label}${op}${quote(value)}`;

function printLog({ matchers, stages }: LogExpression): string {
  return [`{${matchers.map(matcher).join(', ')}}`, ...stages.map(printStage)].join(' ');
}

function printStage(stage: Stage): string {
  switch (stage.kind) {
    case 'line':
      return `${stage.op} ${stage.values.map(({ text, ip }) => (ip ? `ip(${quote(text)})` : quote(text))).join(' or ')}`;
    case 'labels':
      return `| ${printFilter(stage.filter)}`;
    case 'json':
    case 'logfmt': {
      const flags =
        stage.kind === 'logfmt' ? [stage.strict ? '--strict' : '', stage.keepEmpty ? '--keep-empty' : ''] : [];
      const fields = stage.fields.map(({ label, expression }) => `${label}=${quote(expression)}`).join(', ');
      return ['|', stage.kind, ...flags, fields].filter((part) => part !== '').join(' ');
    }
    case 'pattern':
    case 'regexp':
      return `| ${stage.kind} ${quote(stage.pattern)}`;
    case 'unpack':
    case 'decolorize':
      return `| ${stage.kind}`;
    case 'line_format':
      return `| line_format ${quote(stage.template)}`;
    case 'label_format':
      return `| label_format ${stage.formats.map(({ label, from, template }) => `${label}=${from ?? quote(template)}`).join(', ')}`;
    case 'drop':
    case 'keep':
      return `| ${stage.kind} ${stage.choices.map((choice) => (choice.matcher ? matcher(choice.matcher) : choice.label)).join(', ')}`;
  }
}

function printFilter(filter: LabelFilter): string {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const side = (inner: LabelFilter): string =>
        inner.kind === 'and' || inner.kind === 'or' ? `(${printFilter(inner)})` : printFilter(inner);
      return `${side(filter.left)} ${filter.kind} ${side(filter.right)}`;
    }
    case 'text':
      return matcher(filter);
    case 'number':
      return `${filter.label}${filter.op}${filter.written}`;
    case 'ip':
      return `${filter.label}${filter.op}ip(${quote(filter.value)})`;
  }
}

const grouping = (group: Grouping | undefined): string =>
  group ? `${group.without ? 'without' : 'by'} (${group.labels.join(', ')})` : '';

function printRange({ name, parameter, log, unwrap, rangeMs, offsetMs, grouping: group }: RangeAggregation): string {
  const number = parameter === undefined ? '' : `${parameter}, `;
  const parts = [printLog(log)];
  if (unwrap) {
    const { label, conversion, filters } = unwrap;
    parts.push(
      `| unwrap ${conversion === '' ? label : `${conversion}(${label})`}`,
      ...filters.map((filter) => `| ${printFilter(filter)}`),
    );
  }
  parts.push(`[${showRange(rangeMs)}]`);
  if (offsetMs !== 0) parts.push(`offset ${offsetMs < 0 ? '-' : ''}${showRange(Math.abs(offsetMs))}`);
  return `${name}(${number}${parts.join(' ')})${group ? ` ${grouping(group)}` : ''}`;
}

/** Whole milliseconds as `1h30m`; finer ones as a fraction of a second, which Loki takes too. */
const showRange = (ms: number): string => (Number.isInteger(ms) ? showDuration(ms) : `${ms / 1000}s`);

function printMetric(query: MetricExpression): string {
  switch (query.kind) {
    case 'number':
      return String(query.value);
    case 'vector':
      return `vector(${query.value})`;
    case 'range':
      return printRange(query);
    case 'label_replace': {
      const { inner, to, replacement, from, pattern } = query;
      return `label_replace(${[printMetric(inner), ...[to, replacement, from, pattern].map(quote)].join(', ')})`;
    }
    case 'vector-aggregation': {
      const { name, parameter, inner, grouping: group } = query;
      const number = parameter === undefined ? '' : `${parameter}, `;
      return `${name}${group ? ` ${grouping(group)} ` : ''}(${number}${printMetric(inner)})`;
    }
    case 'binary': {
      const { op, left, right, bool, matching } = query;
      const side = (inner: MetricExpression): string =>
        inner.kind === 'binary' ? `(${printMetric(inner)})` : printMetric(inner);
      const words = [op];
      if (bool) words.push('bool' as typeof op);
      const how = matching
        ? `${matching.on ? 'on' : 'ignoring'} (${matching.labels.join(', ')})${matching.group ? ` group_${matching.group} (${matching.include.join(', ')})` : ''}`
        : '';
      return [side(left), ...words, how, side(right)].filter((part) => part !== '').join(' ');
    }
  }
}
