import { formatDuration } from '@sightline/base';
import { compileSearch, phrasesOf } from '@sightline/query';
import { severityNames } from '@sightline/record';
import { z } from 'zod';
import { groupValues } from '../../rules/questions.ts';
import { pageLink } from '../../rules/words.ts';
import { defineRuleType } from '../define-rule-type.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

export const newPatternSettings = z.object({
  /** In the search language: `service:payment -"health check"`. */
  query: z.string().max(4000).default(''),
  /** Lines of this level and above; '' is every line. */
  level: z.enum(['', ...severityNames]).default('warn'),
  /** A template counts as new for so long after its first line. */
  windowMs: z
    .number()
    .int()
    .min(minuteMs)
    .max(60 * minuteMs)
    .default(10 * minuteMs),
  /** Fewer lines than this are not told. */
  least: z.number().int().min(1).max(1_000_000).default(1),
  /** What was not seen for so many days is new. */
  days: z.number().int().min(1).max(30).default(7),
});
type NewPatternSettings = z.output<typeof newPatternSettings>;

/** Kinds of log lines that were never seen, or not for days: one group a template. */
export const newPatternRule = defineRuleType<NewPatternSettings>({
  name: 'new-pattern',
  title: 'New log pattern',
  description: 'Finds log lines of a kind that was not seen for days.',
  settings: newPatternSettings,
  check: ({ query }) => {
    const compiled = compileSearch('logs', query);
    if (compiled.ok) return [];
    const { position, message } = compiled.error;
    return [{ field: 'query', message: `At character ${position.from + 1}: ${message}.`, position }];
  },
  questions: (settings) => [
    { kind: 'patterns', query: searchOf(settings), windowMs: settings.windowMs, quietMs: settings.days * dayMs },
  ],
  judge: ({ least }, [answer]) =>
    [...(answer?.values ?? [])].map(([group, value]) => {
      const [pattern = ''] = groupValues(group);
      const detail = answer?.details?.get(group);
      return {
        labels: { pattern },
        value,
        holds: value >= least,
        keeps: true,
        ...(detail !== undefined && { detail }),
      };
    }),
  limit: ({ least }) => ({ threshold: least, operator: '>=', unit: '' }),
  summary: ({ windowMs, days, least }, { value, detail }) =>
    [
      `${value} ${value === 1 ? 'line' : 'lines'} in ${formatDuration(windowMs)}, not seen for ${days} ${days === 1 ? 'day' : 'days'} before, limit ${least}`,
      ...(detail === undefined ? [] : [detail]),
    ].join('; '),
  link: (settings, { pattern = '' }, { fromMs, toMs }) =>
    pageLink('/logs', {
      q: [searchOf(settings), ...phrasesOf(pattern).map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`)]
        .join(' ')
        .trim(),
      view: 'patterns',
      from: String(fromMs),
      to: String(toMs),
    }),
  windowMs: (settings) => settings.windowMs,
});

/** The rule's search with its level. */
function searchOf({ query, level }: NewPatternSettings): string {
  const own = query.trim();
  if (level === '') return own;
  return own === '' ? `severity:>=${level}` : `(${own}) severity:>=${level}`;
}
