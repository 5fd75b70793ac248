/** What stands in a pattern for a part that differs from line to line. */
export const placeholder = '<_>';

/**
 * Parts that hardly ever belong to a line's template: quoted texts, and runs of letters that hold a digit (numbers, ids, addresses,
 * versions, dates, hashes, UUIDs). RE2 and JavaScript read it alike.
 */
export const variablePart = String.raw`"(?:[^"\\]|\\.)*"|[\w.+-]*[0-9](?:[\w.:+-]*\w)?|0x[0-9a-fA-F]+`;
/** Values of a JSON object: its keys are its template. */
export const jsonValue = String.raw`:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null)`;

const variable = new RegExp(variablePart, 'g');
const value = new RegExp(jsonValue, 'g');

/** A line with its variable parts masked, as the engine does it as well. */
export function maskLine(line: string): string {
  return line.startsWith('{') ? line.replace(value, `:${placeholder}`) : line.replace(variable, placeholder);
}

/** The same as SQL over a text expression; the parameters are `maskLines`. */
export const maskSql = (text: string): string =>
  `if(startsWith(${text}, '{'), replaceRegexpAll(${text}, {maskValue:String}, ':${placeholder}'), replaceRegexpAll(${text}, {maskPart:String}, '${placeholder}'))`;
export const maskParameters = { maskValue: jsonValue, maskPart: variablePart } as const;
