import { readFile } from 'node:fs/promises';
import type { Secret } from '../config/http-client-config.ts';

/** What a secret says at this moment. Throws a sentence where its file cannot be read. */
export async function reveal(secret: Secret): Promise<string> {
  if ('text' in secret) return secret.text;
  try {
    return (await readFile(secret.file, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`the file ${secret.file} cannot be read: ${code ?? 'unknown'}`, { cause: error });
  }
}
