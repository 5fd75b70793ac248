/** How long an organisation's logs of one kind are kept, and which those are. */
export interface RetentionClass {
  /** As records carry it, and a folder of the archive; see `retentionClassName`. */
  readonly name: string;
  /** In the search language, over a log; '' takes every record. */
  readonly query: string;
  /** Days in the engine, by the record's own time. */
  readonly hotDays: number;
  /** Days in the archive, by the day of receipt. */
  readonly keepDays: number;
}

/** What an organisation decided; classes that were taken out still rule what is stored under their names. */
export interface RetentionTerms {
  readonly classes: readonly RetentionClass[];
  readonly retired: readonly RetentionClass[];
}

export const retentionClassName = /^[a-z][a-z0-9_-]{0,39}$/;
export const defaultClass = 'default';
export const complianceClass = 'compliance';
/** Nothing stays in the engine longer. */
export const hotDaysAtMost = 30;

/** Names that speak of an audit trail, a payment or an age check. */
const word = '(audit|payment|age[._ -]?(check|verif))';

/** The classes of an organisation that changed none. The first that takes a record has it. */
export const builtInClasses: readonly RetentionClass[] = [
  {
    name: complianceClass,
    query: `event:/(?i)(^|[^a-z])${word}/ OR service:/(?i)(^|[^a-z])${word}/ OR exists:/(?i)^${word}/`,
    hotDays: 30,
    keepDays: 2557,
  },
  { name: defaultClass, query: '', hotDays: 30, keepDays: 400 },
];

/** The days of a class, of one that was taken out as well. A name that nobody knows has the default class's. */
export function termsOf(terms: RetentionTerms | undefined, name: string): RetentionClass {
  const { classes, retired } = terms ?? { classes: builtInClasses, retired: [] };
  const all = [...classes, ...retired];
  const found = all.find((one) => one.name === name) ?? all.find((one) => one.name === defaultClass);
  return found ?? { name, query: '', hotDays: hotDaysAtMost, keepDays: 2557 };
}
