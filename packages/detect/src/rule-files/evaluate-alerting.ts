import { fail, ok, type Result } from '@sightline/base';
import type { QueryValue } from '@sightline/query/promql';
import { fingerprintOf, type AlertReading } from './active-alert.ts';
import type { AskInstant } from './ports.ts';
import type { AlertingRule } from './rule-file.ts';
import { parseTemplate } from './template/parse-template.ts';
import { runTemplate, type TemplateData } from './template/run-template.ts';
import { TemplateFailure, TemplateHistogram, TemplateSample } from './template/template-value.ts';
import { elementsOf, type Element } from './elements.ts';

/** Queries that the templates of one alert may ask. */
const queriesMax = 50;

/** What the templates of a rule may refer to. */
export interface TemplateSurroundings {
  readonly externalUrl: string;
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** Reads the alerts that an expression's answer makes, their labels and annotations filled in. */
export async function readAlerts(
  rule: AlertingRule,
  answer: QueryValue,
  ask: AskInstant,
  atMs: number,
  surroundings: TemplateSurroundings,
): Promise<Result<Map<string, AlertReading>, string>> {
  const elements = elementsOf(answer);
  if (elements === undefined) return fail('rule result is not a vector or scalar');
  const readings = new Map<string, AlertReading>();
  for (const element of elements) {
    const expand = expander(rule, element, ask, atMs, surroundings);
    const { __name__: _, ...labels } = { ...element.labels } as Record<string, string>;
    for (const [name, text] of Object.entries(rule.labels)) {
      labels[name] = await expand(text);
      if (labels[name] === '') delete labels[name];
    }
    labels['alertname'] = rule.name;
    const annotations: Record<string, string> = {};
    for (const [name, text] of Object.entries(rule.annotations)) annotations[name] = await expand(text);
    const fingerprint = fingerprintOf(labels);
    if (readings.has(fingerprint))
      return fail('vector contains metrics with the same labelset after applying alert labels');
    readings.set(fingerprint, { labels, annotations, value: element.value });
  }
  return ok(readings);
}

/** Fills in the templates of one alert. What cannot be filled in says why in its place. */
function expander(
  rule: AlertingRule,
  element: Element,
  ask: AskInstant,
  atMs: number,
  { externalUrl, externalLabels }: TemplateSurroundings,
): (text: string) => Promise<string> {
  let queries = 0;
  const data: TemplateData = {
    atMs,
    externalUrl,
    labels: new Map(Object.entries(element.labels)),
    externalLabels: new Map(Object.entries(externalLabels)),
    value: element.histogram === undefined ? element.value : new TemplateHistogram(element.histogram),
    query: async (expression) => {
      if (++queries > queriesMax) throw new TemplateFailure(`asks more than ${queriesMax} queries`);
      const answer = await ask(expression, atMs);
      const found = answer.ok ? elementsOf(answer.value) : undefined;
      if (found === undefined)
        throw new TemplateFailure(answer.ok ? 'query result is not a vector or scalar' : answer.error);
      return found.map(({ labels, value }) => new TemplateSample(new Map(Object.entries(labels)), value));
    },
  };
  return async (text) => {
    if (!text.includes('{{')) return text;
    const template = parseTemplate(text);
    const filled = template.ok ? await runTemplate(template.value, data) : template;
    const at = `template __alert_${rule.name}`;
    return filled.ok ? filled.value : `<error expanding template: error executing ${at}: ${filled.error}>`;
  };
}
