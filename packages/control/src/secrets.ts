import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A short id, unguessable enough to be unique: `key_5XbW…`. */
export function newId(kind: string): string {
  return `${kind}_${letters(16)}`;
}

/** 256 bits of chance, fit for URLs and cookies. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Random letters and digits without `-` and `_`, so that a double click selects the whole key. */
export function letters(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let text = '';
  while (text.length < count) {
    // Values from 248 up would favour the first letters.
    for (const byte of randomBytes(count)) if (byte < 248 && text.length < count) text += alphabet[byte % 62];
  }
  return text;
}

/** What is kept of a secret. Secrets are long and random, so one round of SHA-256 is enough. */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Seals short texts with AES-256-GCM under the instance's key (NIST SP 800-38D; 96-bit random nonce, 128-bit tag). */
export class Sealer {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(text: string, boundTo: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(boundTo));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Undefined when it was sealed under another key, for another purpose, or altered. */
  open(sealed: Buffer, boundTo: string): string | undefined {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(12, 28));
      return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8');
    } catch {
      // GCM reports every fault, a wrong key included, by throwing.
      return undefined;
    }
  }
}

/** The key of this installation from `<data>/secrets/instance.key` (0600), made on the first start. */
export async function openSealer(dataFolder: string): Promise<Sealer> {
  const folder = join(dataFolder, 'secrets');
  const file = join(folder, 'instance.key');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const existing = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  const key = Buffer.from((existing ?? (await makeKeyFile(file))).trim(), 'base64');
  if (key.length !== 32) throw new Error(`${file} does not hold 32 bytes in base64. Restore it from a backup.`);
  return new Sealer(key);
}

/** Linked into place whole, so that two first starts at once end with one key. */
async function makeKeyFile(file: string): Promise<string> {
  const fresh = `${file}.${letters(8)}`;
  await writeFile(fresh, randomBytes(32).toString('base64'), { mode: 0o600, flush: true });
  await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await unlink(fresh);
  return readFile(file, 'utf8');
}
