import { fail, ok, type Result } from '@sightline/base';
import type { ArchiveKeys, Keyring } from './keyring.ts';

/** One data key outside the server: whoever has it reads what it opens. */
interface ExportedKey {
  readonly organisation: string;
  readonly class: string;
  readonly id: string;
  /** 32 bytes in base64. */
  readonly secret: string;
}

/** The text of a file with every data key of `keyring`, or of one organisation alone ('' for all). */
export async function exportKeys(keyring: Keyring, organisation: string): Promise<{ text: string; keys: number }> {
  const keys: ExportedKey[] = [];
  for (const name of organisation === '' ? await keyring.organisations() : [organisation])
    for (const kept of await keyring.classes(name)) {
      const owner = { organisation: name, class: kept };
      for (const id of await keyring.list(owner)) {
        const secret = await keyring.find(owner, id);
        if (secret) keys.push({ ...owner, id, secret: Buffer.from(secret).toString('base64') });
      }
    }
  return { text: `${JSON.stringify({ version: 1, keys }, undefined, 1)}\n`, keys: keys.length };
}

/** Reads such a file. The error is a sentence that says what was expected. */
export function readExportedKeys(text: string): Result<ArchiveKeys, string> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return fail('it is no JSON');
  }
  const { keys } = (found ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys) || !keys.every(isKey)) return fail('it holds no list of keys as "archive keys" writes it');
  const secrets = new Map(keys.map((key) => [nameOf(key, key.id), Buffer.from(key.secret, 'base64')]));
  return ok({ find: async (owner, id) => secrets.get(nameOf(owner, id)) });
}

const nameOf = (owner: { readonly organisation: string; readonly class: string }, id: string): string =>
  JSON.stringify([owner.organisation, owner.class, id]);

function isKey(value: unknown): value is ExportedKey {
  const key = (value ?? {}) as Record<string, unknown>;
  const texts = ['organisation', 'class', 'id', 'secret'].every((name) => typeof key[name] === 'string');
  return texts && Buffer.from(String(key['secret']), 'base64').length === 32;
}
