import type { ArchiveTarget } from './target.ts';

/** A numbered file of an organisation: a line of JSON, a line with the Ed25519 signature over it in base64, and what may stand behind. */
export interface SignedFile {
  readonly text: Buffer;
  readonly signature: Buffer;
  /** The lines behind the signature. */
  readonly lines: readonly string[];
}

/** Takes a file apart; what is no such file has a text or a signature that nothing proves. */
export function readSignedFile(bytes: Buffer): SignedFile {
  const end = bytes.indexOf('\n');
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  const [signature = '', ...lines] = bytes.toString('utf8', end + 1).split('\n');
  return { text, signature: Buffer.from(signature, 'base64'), lines: lines.filter((line) => line !== '') };
}

/** The bytes of a file, its text signed. */
export function signedFile(
  text: Uint8Array,
  sign: (bytes: Uint8Array) => Uint8Array,
  lines: readonly string[] = [],
): Buffer {
  const signature = Buffer.from(sign(text)).toString('base64');
  return Buffer.concat([text, Buffer.from(`\n${[signature, ...lines].join('\n')}\n`)]);
}

/** Numbers of the files of a folder, in order: of those alone whose names are the ones that `nameOf` gives their numbers. */
export async function fileNumbers(
  target: ArchiveTarget,
  folder: string,
  nameOf: (number: number) => string,
): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { name } of target.list(folder)) {
    const [digits] = /\d{1,9}(?=\.[a-z]+$)/.exec(name) ?? [];
    if (digits !== undefined && name === nameOf(Number(digits))) numbers.push(Number(digits));
  }
  return numbers.toSorted((a, b) => a - b);
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Whether a value is a whole number from zero on. */
export const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
export const areTexts = (fields: Fields, ...names: readonly string[]): boolean =>
  names.every((name) => typeof fields[name] === 'string');
export const areCounts = (fields: Fields, ...names: readonly string[]): boolean =>
  names.every((name) => isCount(fields[name]));

/** JSON in the form that `is` knows; undefined for any other, and for what is no JSON. */
export function parsedAs<T>(bytes: Uint8Array, is: (value: unknown) => value is T): T | undefined {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  return is(found) ? found : undefined;
}
