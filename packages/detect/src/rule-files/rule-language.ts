/** In which language the expressions of a rule file are written; the name of the file says it. */
export type RuleLanguage = 'promql' | 'logql';

const logqlMark = 'logql:';

/** Files whose name begins with `logql:` hold rules over logs, as Loki's ruler has them; all others are Prometheus'. */
export const ruleLanguageOf = (file: string): RuleLanguage => (file.startsWith(logqlMark) ? 'logql' : 'promql');

/** The rule file that holds a namespace of Loki's ruler. */
export const fileOfNamespace = (namespace: string): string => `${logqlMark}${namespace}`;

/** The namespace of Loki's ruler that a rule file is; the name itself of another file. */
export const namespaceOf = (file: string): string => (file.startsWith(logqlMark) ? file.slice(logqlMark.length) : file);
