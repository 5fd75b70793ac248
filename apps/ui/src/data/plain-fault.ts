/** Words of the checks behind a form, as they come from the server, and how a person would say them. */
const sayings: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/invalid e-?mail/i, () => 'Write the whole address, such as name@company.com.'],
  [/^must not be empty$/i, () => 'This is needed.'],
  [/too small: expected string to have >=1 char/i, () => 'This is needed.'],
  [/too small: expected string to have >=(\d+) char/i, ([, least]) => `At least ${least} characters.`],
  [/too big: expected string to have <=(\d+) char/i, ([, most]) => `At most ${most} characters.`],
  [/too small: expected array to have >=1 item/i, () => 'Choose at least one.'],
  [/expected \w+, received (undefined|null)/i, () => 'This is needed.'],
  [/invalid (option|url|date)/i, ([, what]) => `This is no valid ${what?.toLowerCase()}.`],
];

/** A fault of one field in plain words; words that are plain already stay. */
export function plainFault(fault: string): string {
  for (const [pattern, say] of sayings) {
    const found = pattern.exec(fault);
    if (found !== null) return say(found);
  }
  return fault;
}
