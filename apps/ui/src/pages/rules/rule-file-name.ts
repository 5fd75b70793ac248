/** The name of a file on a person's disk as one that a rule file may have: other signs become dashes. */
export const ruleFileName = (name: string): string =>
  name
    .replaceAll(/[^\w.@-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 200);
