/**
 * What an organisation does with its logs on their way into the store. Fields are named as in a search: `body`, `site`, `service`,
 * …, or an attribute's name.
 */
export interface Pipeline {
  /** Stable through renaming and moving: what was dropped is counted under it. */
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  /** Which records pass through it, in the search language; '' is all. */
  readonly filter: string;
  readonly steps: readonly PipelineStep[];
}

export const parseFormats = ['grok', 'regex', 'json', 'logfmt'] as const;
export type ParseFormat = (typeof parseFormats)[number];

/** What a step can fill beside attributes. */
export const takenFields = ['level', 'timestamp', 'site', 'service', 'body'] as const;
export type TakenField = (typeof takenFields)[number];

export const madeMeasures = ['count', 'sum', 'distribution'] as const;
export type MadeMeasure = (typeof madeMeasures)[number];

/** One act. `when` narrows it further, in the search language; '' is all that the pipeline takes. */
export type PipelineStep = { readonly when: string } & (
  | {
      readonly kind: 'parse';
      readonly from: string;
      readonly format: ParseFormat;
      /** Of grok and regex; '' for others. */
      readonly pattern: string;
      /** Put before the names of the attributes that it makes. */
      readonly prefix: string;
    }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'set'; readonly attribute: string; readonly value: string }
  | { readonly kind: 'remove'; readonly attribute: string }
  | { readonly kind: 'take'; readonly field: TakenField; readonly from: string }
  | { readonly kind: 'drop' }
  /** Keeps a share (0 to 1). Records with one value of `by` go or stay together; '' judges each by itself. Errors always stay. */
  | { readonly kind: 'sample'; readonly share: number; readonly by: string }
  /** Keeps so many records a minute of receipt, of each value of `by` or ('') of all together. Errors always stay. */
  | { readonly kind: 'cap'; readonly perMinute: number; readonly by: string }
  | { readonly kind: 'route'; readonly retentionClass: string }
  | {
      readonly kind: 'metric';
      readonly metric: string;
      readonly measure: MadeMeasure;
      /** The field whose number is added up or distributed; '' for counts. */
      readonly of: string;
      /** Fields whose values become labels. */
      readonly labels: readonly string[];
    }
);
export type PipelineStepKind = PipelineStep['kind'];

/** Bounds of one organisation's pipelines. */
export const pipelineBounds = {
  pipelines: 50,
  stepsPerPipeline: 20,
  /** Of all pipelines together: each costs every record that the organisation sends. */
  steps: 100,
  patternCharacters: 2000,
  /** Of a pattern once its grok names are written out. */
  expandedCharacters: 20_000,
  captureGroups: 50,
  grokDepth: 8,
  labels: 8,
  /** Fields that JSON or logfmt may give a record; more are left out. */
  parsedFields: 200,
} as const;
